package io.matriarch.plan.objects;

import io.fabric8.kubernetes.api.model.Secret;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.render.SettingsDocument;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * User names and passwords that work, but with which hardly anybody can log in: a line break that {@code echo} or an editor added is part of the
 * password, and {@code .pgpass}, prompts and shell variables lose it. A message never contains the value.
 */
public final class Credentials {
    private Credentials() {}

    public static List<Finding> findings(ClusterView view) {
        List<String> names = new ArrayList<>(List.of(SettingsDocument.applicationSecret(view.rendering())));
        if (Boolean.TRUE.equals(view.spec().enableSuperuserAccess())) {
            names.add(view.names().superuserSecret());
        }
        List<Finding> findings = new ArrayList<>();
        for (String name : names) {
            Map<String, String> data = view.find(Secret.class, name)
                    .map(secret -> Objects.requireNonNullElse(secret.getData(), Map.<String, String>of()))
                    .orElse(Map.of());
            for (String key : List.of("username", "password")) {
                Optional.ofNullable(data.get(key))
                        .flatMap(Credentials::fault)
                        .ifPresent(fault -> findings.add(new Finding(
                                Finding.Topic.Notice,
                                false,
                                "SecretSuspicious",
                                "%s in Secret %s %s. Write it again without that: kubectl create secret --from-literal, or printf %%s instead of echo"
                                        .formatted(key, name, fault))));
            }
        }
        return findings;
    }

    /** What is wrong with a value, as the API server returns it (base64). */
    private static Optional<String> fault(String encoded) {
        String value;
        try {
            value = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Base64.getDecoder().decode(encoded)))
                    .toString();
        } catch (CharacterCodingException | IllegalArgumentException e) {
            return Optional.of("is not UTF-8 text");
        }
        if (value.indexOf('\0') >= 0) {
            return Optional.of("contains a NUL character, which PostgreSQL cannot store");
        }
        if (value.endsWith("\n")) {
            return Optional.of("ends with a newline");
        }
        if (value.endsWith("\r")) {
            return Optional.of("ends with a carriage return");
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            return Optional.of("contains a control character");
        }
        return !value.isEmpty() && !value.equals(value.strip())
                ? Optional.of("begins or ends with a space")
                : Optional.empty();
    }
}
