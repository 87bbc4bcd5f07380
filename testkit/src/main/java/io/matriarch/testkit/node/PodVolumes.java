package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The volumes of one pod as folders of this machine, made before its containers start and kept up with what they show. */
final class PodVolumes {
    /** Where a service account's token is mounted unless the pod says otherwise; the agent reads it there. */
    static final String ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

    private final Pod pod;
    private final Path folder;
    private final RunAs user;
    private final VolumeFiles files;
    private final Claims claims;
    private final Map<String, Path> folders = new HashMap<>();
    private final Map<String, AtomicFolder> shown = new HashMap<>();

    /** The volumes behind claims. */
    interface Claims {
        /** Folder of a bound claim's volume, made if it is new. */
        Path mount(PersistentVolumeClaim claim) throws IOException;

        Optional<PersistentVolumeClaim> find(String namespace, String name);

        /** Passed by whoever starts processes that use volumes, which go by namespace/name of their claims there. */
        Gate gate();
    }

    PodVolumes(Pod pod, Path folder, RunAs user, VolumeFiles files, Claims claims) {
        this.pod = pod;
        this.folder = folder;
        this.user = user;
        this.files = files;
        this.claims = claims;
    }

    /** Claims behind them, as namespace/name. */
    List<String> claimed() {
        return pod.getSpec().getVolumes().stream()
                .filter(volume -> volume.getPersistentVolumeClaim() != null)
                .map(volume -> pod.getMetadata().getNamespace() + "/"
                        + volume.getPersistentVolumeClaim().getClaimName())
                .toList();
    }

    /** Leave to start processes that use them. */
    Gate.Pass start() {
        return claims.gate().start(claimed());
    }

    /** Makes and updates them; why a pod cannot start yet, in the kubelet's words, if so. */
    Optional<String> prepare() throws IOException {
        for (Volume volume : pod.getSpec().getVolumes()) {
            Optional<String> problem = prepare(volume);
            if (problem.isPresent()) {
                return problem;
            }
        }
        return prepareAccount();
    }

    private Optional<String> prepare(Volume volume) throws IOException {
        if (volume.getPersistentVolumeClaim() != null) {
            return prepareClaim(volume);
        }
        if (volume.getEmptyDir() != null) {
            if (!folders.containsKey(volume.getName())) {
                Path made = Files.createDirectories(folder.resolve(volume.getName()));
                user.own(made);
                folders.put(volume.getName(), made);
            }
            return Optional.empty();
        }
        VolumeFiles.Shown content = files.of(volume);
        return content.missing().isPresent() ? mounting(volume.getName(), content) : show(volume.getName(), content);
    }

    private static Optional<String> mounting(String name, VolumeFiles.Shown content) {
        return Optional.of("MountVolume.SetUp failed for volume \"%s\" : %s"
                .formatted(name, content.missing().orElseThrow()));
    }

    private Optional<String> show(String name, VolumeFiles.Shown content) throws IOException {
        AtomicFolder target = shown.get(name);
        if (target == null) {
            Path made = folder.resolve(name);
            target = new AtomicFolder(made, user);
            shown.put(name, target);
            folders.put(name, made);
        }
        target.write(content.files());
        return Optional.empty();
    }

    private Optional<String> prepareClaim(Volume volume) throws IOException {
        String name = volume.getPersistentVolumeClaim().getClaimName();
        Optional<PersistentVolumeClaim> claim = claims.find(pod.getMetadata().getNamespace(), name);
        if (claim.isEmpty()) {
            return Optional.of("persistentvolumeclaim \"%s\" not found".formatted(name));
        }
        boolean bound = claim.get().getStatus() != null
                && "Bound".equals(claim.get().getStatus().getPhase());
        if (!bound) {
            return Optional.of("persistentvolumeclaim \"%s\" is not bound yet".formatted(name));
        }
        folders.put(volume.getName(), claims.mount(claim.get()));
        return Optional.empty();
    }

    /** The token that every pod has, unless the pod declines it or brings a volume for it itself. */
    private Optional<String> prepareAccount() throws IOException {
        if (!accountIsOurs()) {
            return Optional.empty();
        }
        VolumeFiles.Shown content = files.account();
        return content.missing().isPresent() ? mounting("kube-api-access", content) : show("kube-api-access", content);
    }

    private boolean accountIsOurs() {
        return !Boolean.FALSE.equals(pod.getSpec().getAutomountServiceAccountToken())
                && pod.getSpec().getContainers().stream()
                        .flatMap(container -> container.getVolumeMounts().stream())
                        .noneMatch(mount -> mount.getMountPath().equals(ACCOUNT));
    }

    /** Folders by the paths at which a container has them. */
    Map<String, Path> mounts(Container container) throws IOException {
        Map<String, Path> mounts = new TreeMap<>();
        for (VolumeMount mount : container.getVolumeMounts()) {
            Path source = folders.get(mount.getName());
            if (source == null) {
                throw new IOException("container %s mounts a volume that the pod has not: %s"
                        .formatted(container.getName(), mount.getName()));
            }
            if (mount.getSubPath() != null && !mount.getSubPath().isEmpty()) {
                source = source.resolve(mount.getSubPath());
                if (!Files.exists(source)) {
                    Files.createDirectories(source);
                    user.own(source);
                }
            }
            mounts.put(mount.getMountPath(), source);
        }
        if (accountIsOurs()) {
            mounts.put(ACCOUNT, folder.resolve("kube-api-access"));
        }
        return mounts;
    }
}
