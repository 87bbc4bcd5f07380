package io.matriarch.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The CRD in the repository is the one that the types say. */
class CrdTest {
    @Test
    void theChartBringsTheSameCrd() throws Exception {
        assertThat(Files.readString(Path.of("deploy/chart/crds-generated").resolve(CrdDocument.FILE.getFileName())))
                .as("the chart's copy; deploy/render writes it, and deploy/matriarch.yaml")
                .isEqualTo(Files.readString(CrdDocument.FILE));
    }

    @Test
    void theFileIsWhatTheTypesSay() throws Exception {
        String wanted = CrdDocument.text(CrdDocument.generate());
        if (Boolean.getBoolean("crds.write")) {
            Files.createDirectories(CrdDocument.FILE.getParent());
            Files.writeString(CrdDocument.FILE, wanted);
        }
        assertThat(Files.readString(CrdDocument.FILE))
                .as("%s; write it with -Dcrds.write=true", CrdDocument.FILE)
                .isEqualTo(wanted);
        assertThat(wanted.length())
                .as("a CRD must fit an annotation of kubectl apply")
                .isLessThan(200_000);
    }

    @Test
    void everyFieldOfOursSaysWhatItIsFor() throws Exception {
        List<String> silent = new ArrayList<>();
        silent(CrdDocument.generate().at("/spec/versions/0/schema/openAPIV3Schema"), "", silent);
        assertThat(silent).isEmpty();
    }

    private static void silent(JsonNode schema, String path, List<String> silent) {
        schema.path("properties").fields().forEachRemaining(field -> {
            String name = path + "." + field.getKey();
            if (!field.getValue().hasNonNull("description") && !kubernetes(name)) {
                silent.add(name);
            }
            silent(field.getValue(), name, silent);
            silent(field.getValue().path("items"), name + "[]", silent);
        });
    }

    /** Fields within Kubernetes' own types have their descriptions there. */
    private static boolean kubernetes(String path) {
        return List.of(
                        ".spec.imagePullSecrets[].",
                        ".spec.resources.",
                        ".spec.scheduling.tolerations[].",
                        ".spec.scheduling.topologySpreadConstraints[].",
                        ".spec.pod.env[].",
                        ".spec.pod.volumeMounts[].",
                        ".status.conditions[].")
                .stream()
                .anyMatch(path::startsWith);
    }
}
