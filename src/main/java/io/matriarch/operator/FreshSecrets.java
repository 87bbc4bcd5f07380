package io.matriarch.operator;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.matriarch.plan.objects.Identity;
import io.matriarch.render.Certificates;
import io.matriarch.render.Certificates.Pair;
import io.matriarch.render.Rendering;
import io.matriarch.render.Secrets;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The random content of missing or outdated Secrets: passwords, keys, certificates. */
final class FreshSecrets {
    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /** Characters of a password: 32 of 62 kinds are 190 bits. */
    private static final int LENGTH = 32;

    private final SecureRandom random = new SecureRandom();
    private final InstantSource clock;

    FreshSecrets(InstantSource clock) {
        this.clock = clock;
    }

    List<Secret> make(Rendering rendering, List<HasMetadata> objects) {
        List<Secret> fresh = new ArrayList<>();
        Certificates certificates = new Certificates(clock.instant(), random);
        List<String> lacking = Identity.lacking(rendering, objects, certificates);
        if (lacking.isEmpty()) {
            return fresh;
        }
        Optional<Pair> authority = pair(objects, rendering.names().authoritySecret());
        if (lacking.contains(rendering.names().authoritySecret())) {
            Pair next = authority.map(certificates::renewed).orElseGet(() -> certificates.authority(rendering));
            fresh.add(Secrets.authority(rendering, next));
            authority = Optional.of(next);
        }
        // Without an authority that can sign, no Secret that needs one is lacking (Identity).
        authority.ifPresent(signs -> {
            if (lacking.contains(rendering.names().serverSecret())) {
                fresh.add(Secrets.server(rendering, certificates.server(rendering, signs), signs.certificate()));
            }
            if (lacking.contains(rendering.names().replicationSecret())) {
                fresh.add(Secrets.replication(rendering, certificates.replication(signs), signs.certificate()));
            }
        });
        if (lacking.contains(rendering.names().applicationSecret())) {
            fresh.add(Secrets.application(rendering, password()));
        }
        if (lacking.contains(rendering.names().superuserSecret())) {
            fresh.add(Secrets.superuser(rendering, password()));
        }
        return fresh;
    }

    private static Optional<Pair> pair(List<HasMetadata> objects, String name) {
        return objects.stream()
                .filter(Secret.class::isInstance)
                .map(Secret.class::cast)
                .filter(secret -> secret.getMetadata().getName().equals(name))
                .map(secret -> new Pair(Secrets.value(secret, "tls.crt"), Secrets.value(secret, "tls.key")))
                .filter(pair -> Certificates.fault(pair).isEmpty())
                .findFirst();
    }

    private String password() {
        StringBuilder password = new StringBuilder(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            password.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return password.toString();
    }
}
