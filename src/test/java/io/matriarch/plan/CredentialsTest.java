package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Secret;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Finding;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a Secret's values are warned of. */
class CredentialsTest {
    private static World with(String key, byte[] value) {
        World world = World.made(1, "");
        Secret secret = (Secret)
                Optional.ofNullable(world.objects.get("Secret/orders-app")).orElseThrow();
        Map<String, String> data = new HashMap<>(secret.getData());
        data.put(key, Base64.getEncoder().encodeToString(value));
        secret.setData(data);
        return world;
    }

    private static List<Finding> suspicious(World world) {
        return world.plan().findings().stream()
                .filter(f -> f.reason().equals("SecretSuspicious"))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "password, sesame\\n, ends with a newline",
        "username, app\\n, ends with a newline",
        "password, sesame\\r, ends with a carriage return",
        "password, ses\\0ame, contains a NUL",
        "password, ses\\tame, contains a control character",
        "password, ' sesame', begins or ends with a space",
    })
    void isTakenAsItIsAndWarnedOf(String key, String escaped, String words) {
        String value = escaped.replace("\\n", "\n")
                .replace("\\r", "\r")
                .replace("\\0", "\0")
                .replace("\\t", "\t");
        World world = with(key, value.getBytes(StandardCharsets.UTF_8));
        assertThat(suspicious(world)).singleElement().satisfies(finding -> {
            assertThat(finding.message())
                    .contains(key, "Secret orders-app", words)
                    .doesNotContain("sesame");
            assertThat(finding.needsUser()).isFalse();
        });
        var ready =
                Optional.ofNullable(StatusReport.of(world.view(), world.plan(), List.of())
                                .conditions())
                        .orElseThrow()
                        .stream()
                        .filter(c -> c.getType().equals("Ready"))
                        .findFirst()
                        .orElseThrow();
        assertThat(ready.getStatus()).isEqualTo("True");
        assertThat(ready.getMessage()).contains(words);
    }

    @Test
    void bytesThatAreNoTextAreWarnedOf() {
        assertThat(suspicious(with("password", new byte[] {(byte) 0xff, (byte) 0xfe})))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("is not UTF-8 text"));
    }

    @Test
    void anOrdinaryPasswordIsNot() {
        assertThat(suspicious(with("password", "pä ss:w@rd\\'\"".getBytes(StandardCharsets.UTF_8))))
                .isEmpty();
    }
}
