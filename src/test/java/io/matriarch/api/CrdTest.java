package io.matriarch.api;

import io.fabric8.crdv2.generator.CRDGenerator;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CrdTest {
    @Test
    void generates() {
        Path.of("target/crds").toFile().mkdirs();
        new CRDGenerator()
                .customResourceClasses(PostgresCluster.class)
                .inOutputDir(Path.of("target/crds").toFile())
                .generate();
    }
}
