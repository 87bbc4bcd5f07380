package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Whole rendered clusters. After a change that is meant, {@code ./build -Dtest=GoldenTest -Dgolden.write=true test} writes them anew; read the
 * difference before you commit it: each change of a pod template is one that a new cluster gets.
 */
class GoldenTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    static final Iterable<String> CASES = Clusters.ALL;

    @ParameterizedTest
    @FieldSource("CASES")
    void clusterIsRenderedAsBefore(String name) throws IOException {
        Rendering rendering = Clusters.rendering(name);
        assertThat(Validation.problems(rendering)).isEmpty();
        String rendered = Clusters.yaml(Clusters.objects(rendering));
        Path golden = GOLDEN.resolve(name + ".yaml");
        if (Boolean.getBoolean("golden.write")) {
            Files.writeString(golden, rendered);
        }
        assertThat(rendered)
                .as("%s differs; if that is meant, run with -Dgolden.write=true", golden)
                .isEqualTo(Files.readString(golden));
    }
}
