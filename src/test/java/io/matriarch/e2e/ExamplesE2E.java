package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each example runs: applied as it is, it becomes Ready, and its application writes and reads a row. */
@ExtendWith(OnKubernetes.class)
class ExamplesE2E {
    static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("examples"))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void becomesReadyAndServes(Path example, Stage stage) throws IOException {
        String text = Files.readString(example);
        PostgresCluster cluster = Arrays.stream(text.split("(?m)^---$"))
                .filter(document -> document.contains("kind: PostgresCluster"))
                .map(document -> Serialization.unmarshal(document, PostgresCluster.class))
                .findFirst()
                .orElseThrow();
        String name = cluster.getMetadata().getName();
        int instances = Math.max(1, cluster.getSpec().instances());
        // A node for each member is more than a test cluster has; and its disk holds no 20 Gi for each.
        stage.apply(
                instances <= nodes()
                        ? text.replace("20Gi", "2Gi")
                        : text.replace("20Gi", "1Gi")
                                .replace("antiAffinity: Required", "antiAffinity: Preferred")
                                .replace("DoNotSchedule", "ScheduleAnyway"));
        stage.awaitReady(name, instances);
        String service = name + "-rw";
        String secret = cluster.getSpec().bootstrap() != null
                        && cluster.getSpec().bootstrap().initdb() != null
                        && cluster.getSpec().bootstrap().initdb().secretName() != null
                ? cluster.getSpec().bootstrap().initdb().secretName()
                : name + "-app";
        String database = secret.equals(name + "-app") ? stage.secret(secret, "dbname") : "shop";
        stage.psqlAs(secret, database, service, "CREATE TABLE example AS SELECT 1 AS n");
        assertThat(stage.psqlAs(secret, database, service, "SELECT n FROM example"))
                .isEqualTo("1");
    }

    private static int nodes() {
        return Stage.kubectlAnywhere("get", "nodes", "-o", "name").split("\\n").length;
    }
}
