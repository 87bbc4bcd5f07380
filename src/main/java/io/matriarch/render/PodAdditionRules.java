package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.matriarch.api.PodAdditions;
import io.matriarch.api.contract.Ports;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What users may not add to the pods: anything with a name, a port or a path that the operator uses, and duplicates. */
final class PodAdditionRules {
    private static final Set<String> CONTAINERS = Set.of(PodTemplate.CONTAINER, PodTemplate.AGENT);
    private static final Set<Integer> PORTS = Set.of(Ports.POSTGRES, Ports.AGENT);

    /** Labels that the StatefulSet's controller writes (Kubernetes documentation, "Well-Known Labels"). */
    private static final Set<String> CONTROLLER_LABELS =
            Set.of("controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index");

    private static final String OUR_VARIABLES = "MATRIARCH_";

    private PodAdditionRules() {}

    static void check(Rendering rendering, List<String> problems) {
        PodAdditions added = rendering.spec().pod();
        if (added == null) {
            return;
        }
        keys("spec.pod.labels", added.labels(), problems);
        keys("spec.pod.annotations", added.annotations(), problems);
        variables(rendering, added, problems);
        String spec = "spec.pod.";
        List<String> unread = new ArrayList<>();
        var first = PodParts.of(spec + "initContainers", added.initContainers(), Container.class, unread);
        var beside = PodParts.of(spec + "containers", added.containers(), Container.class, unread);
        var given = PodParts.of(spec + "volumes", added.volumes(), Volume.class, unread);
        problems.addAll(unread);
        if (!unread.isEmpty()) {
            return;
        }
        Set<String> containers = new HashSet<>(CONTAINERS);
        containers(spec + "initContainers", first, containers, problems);
        containers(spec + "containers", beside, containers, problems);
        Set<String> volumes = volumes(rendering, given, problems);
        mounts(rendering, added, volumes, problems);
    }

    /** Checks the keys of labels or annotations. */
    static void keys(String field, @Nullable Map<String, String> entries, List<String> problems) {
        for (String key : new TreeMap<>(PodTemplate.orEmpty(entries)).keySet()) {
            String domain = key.contains("/") ? key.substring(0, key.indexOf('/')) : "";
            if (domain.equals("matriarch.io") || domain.endsWith(".matriarch.io")) {
                problems.add(
                        "%s[%s]: keys of matriarch.io are the operator's; choose another one".formatted(field, key));
            } else if (domain.equals("app.kubernetes.io")) {
                problems.add("%s[%s]: the operator sets the keys of app.kubernetes.io; choose another one"
                        .formatted(field, key));
            } else if (CONTROLLER_LABELS.contains(key)) {
                problems.add("%s[%s]: Kubernetes itself sets it; choose another key".formatted(field, key));
            } else if (key.equals(PodTemplate.DEFAULT_CONTAINER)) {
                problems.add(
                        "%s[%s]: the operator sets it to the container postgres; remove it, and name another container with kubectl's -c"
                                .formatted(field, key));
            }
        }
    }

    private static void variables(Rendering rendering, PodAdditions added, List<String> problems) {
        Set<String> ours =
                PodTemplate.environment(rendering).stream().map(EnvVar::getName).collect(Collectors.toSet());
        Set<String> seen = new HashSet<>();
        List<EnvVar> variables = PodTemplate.orEmpty(added.env());
        for (int i = 0; i < variables.size(); i++) {
            String name = variables.get(i).getName();
            String field = "spec.pod.env[%d]".formatted(i);
            if (name == null || name.isEmpty()) {
                problems.add(field + ": it has no name; give it one");
            } else if (ours.contains(name) || name.startsWith(OUR_VARIABLES)) {
                problems.add("%s: the variable %s is the agent's; choose another name".formatted(field, name));
            } else if (!seen.add(name)) {
                problems.add("%s: the variable %s is there twice; keep one of them".formatted(field, name));
            }
        }
    }

    private static void containers(String list, List<Container> given, Set<String> seen, List<String> problems) {
        for (int i = 0; i < given.size(); i++) {
            String field = "%s[%d]".formatted(list, i);
            String name = given.get(i).getName();
            if (name == null || name.isEmpty()) {
                problems.add(field + ": the container has no name; give it one");
            } else if (CONTAINERS.contains(name)) {
                problems.add("%s: the container %s is the operator's; choose another name".formatted(field, name));
            } else if (!seen.add(name)) {
                problems.add("%s: two containers have the name %s; rename one of them".formatted(field, name));
            }
            ports(field, PodTemplate.orEmpty(given.get(i).getPorts()), problems);
        }
    }

    private static void ports(String container, List<ContainerPort> ports, List<String> problems) {
        for (ContainerPort port : ports) {
            if (port.getContainerPort() != null && PORTS.contains(port.getContainerPort())) {
                problems.add(
                        "%s: PostgreSQL and its agent listen on port %d of the same pod; let the container listen on another one"
                                .formatted(container, port.getContainerPort()));
            }
            if (port.getName() != null && CONTAINERS.contains(port.getName())) {
                problems.add("%s: a port named %s is what the Services look for; choose another name"
                        .formatted(container, port.getName()));
            }
        }
    }

    /** Names of all volumes of the pod. */
    private static Set<String> volumes(Rendering rendering, List<Volume> volumes, List<String> problems) {
        Set<String> ours = Stream.concat(
                        Stream.of(Claims.DATA, Claims.WAL),
                        PodVolumes.volumes(rendering).stream().map(Volume::getName))
                .collect(Collectors.toSet());
        Set<String> all = new HashSet<>(ours);
        if (rendering.spec().storage().wal() == null) {
            all.remove(Claims.WAL);
        }
        for (int i = 0; i < volumes.size(); i++) {
            String field = "spec.pod.volumes[%d]".formatted(i);
            String name = volumes.get(i).getName();
            if (name == null || name.isEmpty()) {
                problems.add(field + ": the volume has no name; give it one");
            } else if (ours.contains(name)) {
                problems.add("%s: the volume %s is the operator's; choose another name".formatted(field, name));
            } else if (!all.add(name)) {
                problems.add("%s: two volumes have the name %s; rename one of them".formatted(field, name));
            }
        }
        return all;
    }

    private static void mounts(Rendering rendering, PodAdditions added, Set<String> volumes, List<String> problems) {
        List<String> ours = PodVolumes.mounts(rendering).stream()
                .map(VolumeMount::getMountPath)
                .toList();
        Set<String> seen = new HashSet<>();
        List<VolumeMount> mounts = PodTemplate.orEmpty(added.volumeMounts());
        for (int i = 0; i < mounts.size(); i++) {
            String field = "spec.pod.volumeMounts[%d]".formatted(i);
            String volume = mounts.get(i).getName();
            String path = mounts.get(i).getMountPath();
            if (path == null || !path.startsWith("/") || path.contains("\0")) {
                problems.add(field + ": mountPath is no path; say where the volume shall be, beginning with /");
                continue;
            }
            ours.stream()
                    .filter(our -> inside(path, our) || inside(our, path))
                    .findFirst()
                    .ifPresent(our ->
                            problems.add("%s: %s would cover, or lie in, %s, which the agent needs; mount it elsewhere"
                                    .formatted(field, path, our)));
            if (!seen.add(folder(path))) {
                problems.add("%s: two volumes are mounted at %s; move one of them".formatted(field, path));
            }
            if (volume == null || !volumes.contains(volume)) {
                problems.add("%s: there is no volume named %s; add it to spec.pod.volumes".formatted(field, volume));
            }
        }
    }

    private static boolean inside(String path, String folder) {
        return folder(path).startsWith(folder(folder));
    }

    /** A path with one slash at its end, as the image's links resolve it: /var/run is /run on Debian. */
    private static String folder(String path) {
        String plain = java.nio.file.Path.of(path).normalize() + "/";
        return plain.startsWith("//") ? "/" : plain.startsWith("/var/run/") ? plain.substring("/var".length()) : plain;
    }
}
