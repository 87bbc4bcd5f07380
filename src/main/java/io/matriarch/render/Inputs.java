package io.matriarch.render;

import io.matriarch.api.PodAdditions;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.PostgresClusterSpec.ImagePullPolicy;
import io.matriarch.api.Probes;
import io.matriarch.api.Scheduling;
import io.matriarch.api.Scheduling.AntiAffinity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A hash of the user's input that reaches the pod template (docs/internals/workload.md 2). The template is rendered anew only when this hash
 * changes.
 *
 * <p>A value that equals the operator's default counts as absent: the API server fills in the CRD's defaults when it reads an object, so that a
 * field with a new default, or a default written out, would otherwise restart databases for nothing. Empty values and the order of keys do not
 * count either.
 */
final class Inputs {
    static final String TOPOLOGY_KEY = "kubernetes.io/hostname";
    private static final Set<String> NOTHING = Set.of(Hashes.of(Map.of()), Hashes.of(List.of()), Hashes.of(""));

    private Inputs() {}

    static String of(PostgresClusterSpec spec) {
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("image", spec.image());
        put(given, "imagePullPolicy", unless(ImagePullPolicy.IfNotPresent, spec.imagePullPolicy()));
        put(given, "imagePullSecrets", spec.imagePullSecrets());
        put(given, "resources", spec.resources());
        Scheduling scheduling =
                Optional.ofNullable(spec.scheduling()).orElse(new Scheduling(null, null, null, null, null, null));
        put(given, "antiAffinity", unless(AntiAffinity.Preferred, scheduling.antiAffinity()));
        put(given, "topologyKey", unless(TOPOLOGY_KEY, scheduling.topologyKey()));
        put(given, "nodeSelector", scheduling.nodeSelector());
        put(given, "tolerations", scheduling.tolerations());
        put(given, "topologySpreadConstraints", scheduling.topologySpreadConstraints());
        put(given, "priorityClassName", scheduling.priorityClassName());
        Probes probes = Optional.ofNullable(spec.probes()).orElse(new Probes(null, null, null));
        put(given, "startupProbe", probes.startup());
        put(given, "livenessProbe", probes.liveness());
        put(given, "readinessProbe", probes.readiness());
        PodAdditions pod =
                Optional.ofNullable(spec.pod()).orElse(new PodAdditions(null, null, null, null, null, null, null));
        put(given, "labels", pod.labels());
        put(given, "annotations", pod.annotations());
        put(given, "env", pod.env());
        put(given, "initContainers", pod.initContainers());
        put(given, "containers", pod.containers());
        put(given, "volumes", pod.volumes());
        put(given, "volumeMounts", pod.volumeMounts());
        put(given, "wal", spec.storage().wal() == null ? null : true);
        return Hashes.of(given);
    }

    private static <T> @Nullable T unless(T ours, @Nullable T given) {
        return ours.equals(given) ? null : given;
    }

    private static void put(Map<String, Object> given, String name, @Nullable Object value) {
        if (value != null && !NOTHING.contains(Hashes.of(value))) {
            given.put(name, value);
        }
    }
}
