package io.matriarch.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Examples are applied one after another into the same namespace by whoever tries them. */
class ExamplesTest {
    private static final Pattern CLUSTER = Pattern.compile("kind: PostgresCluster\\s+metadata: \\{name: ([a-z0-9-]+)");

    @Test
    void noExampleChangesTheClusterOfAnother() throws IOException {
        List<String> names = new ArrayList<>();
        int examples;
        try (var files = Files.list(Path.of("examples"))) {
            List<Path> all = files.sorted().toList();
            examples = all.size();
            for (Path file : all) {
                CLUSTER.matcher(Files.readString(file)).results().forEach(match -> names.add(match.group(1)));
            }
        }
        assertThat(names).hasSize(examples).doesNotHaveDuplicates().contains("orders");
    }
}
