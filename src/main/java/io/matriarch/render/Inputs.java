package io.matriarch.render;

import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.PostgresClusterSpec.ImagePullPolicy;
import io.matriarch.api.Probes;
import io.matriarch.api.Scheduling;
import io.matriarch.api.Scheduling.AntiAffinity;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the user gave that reaches the pod template (rollout.md 2.2), as a hash. The template is rendered anew only when it changes.
 *
 * <p>A value that equals our default counts as not given: the API server fills in defaults of the CRD when it reads an object, so that a field with a
 * new default, or a default written out, would otherwise restart databases for nothing. The order of keys does not count either.
 */
final class Inputs {
    static final String TOPOLOGY_KEY = "kubernetes.io/hostname";
    private static final String NOTHING = Hashes.of(Map.of());

    private Inputs() {}

    static String of(PostgresClusterSpec spec) {
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("image", spec.image());
        put(given, "imagePullPolicy", unless(ImagePullPolicy.IfNotPresent, spec.imagePullPolicy()));
        put(given, "imagePullSecrets", spec.imagePullSecrets());
        put(given, "resources", spec.resources());
        put(given, "scheduling", scheduling(spec.scheduling()));
        Probes probes = Optional.ofNullable(spec.probes()).orElse(new Probes(null, null, null));
        put(given, "startupProbe", probes.startup());
        put(given, "livenessProbe", probes.liveness());
        put(given, "readinessProbe", probes.readiness());
        put(given, "pod", spec.pod());
        put(given, "wal", spec.storage().wal() == null ? null : true);
        return Hashes.of(given);
    }

    private static @Nullable Scheduling scheduling(@Nullable Scheduling given) {
        return given == null
                ? null
                : new Scheduling(
                        unless(AntiAffinity.Preferred, given.antiAffinity()),
                        unless(TOPOLOGY_KEY, given.topologyKey()),
                        given.nodeSelector(),
                        given.tolerations(),
                        given.topologySpreadConstraints(),
                        given.priorityClassName());
    }

    private static <T> @Nullable T unless(T ours, @Nullable T given) {
        return ours.equals(given) ? null : given;
    }

    private static void put(Map<String, Object> given, String name, @Nullable Object value) {
        if (value != null && !Hashes.of(value).equals(NOTHING)) {
            given.put(name, value);
        }
    }
}
