package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.matriarch.testkit.node.AtomicFolder.Content;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The files that a Secret, ConfigMap, downward API or projected volume shows at this moment. */
final class VolumeFiles {
    private static final int MODE = 0644;

    private final Pod pod;
    private final String podAddress;
    private final Sources sources;
    private final Accounts accounts;

    /** Tokens of service accounts. */
    interface Accounts {
        /** A token for a pod's service account. */
        String token(Pod pod);

        /** Certificates of the API server's authority, PEM. */
        String authority();
    }

    /** What is in the volume, or what is missing for it. */
    record Shown(Map<String, Content> files, Optional<String> missing) {
        private static Shown missing(String what) {
            return new Shown(Map.of(), Optional.of(what));
        }
    }

    VolumeFiles(Pod pod, String podAddress, Sources sources, Accounts accounts) {
        this.pod = pod;
        this.podAddress = podAddress;
        this.sources = sources;
        this.accounts = accounts;
    }

    Shown of(Volume volume) {
        String namespace = pod.getMetadata().getNamespace();
        if (volume.getSecret() != null) {
            var source = volume.getSecret();
            return keys(
                    "secret",
                    source.getSecretName(),
                    sources.secret(namespace, source.getSecretName()),
                    source.getItems(),
                    mode(source.getDefaultMode()),
                    source.getOptional());
        }
        if (volume.getConfigMap() != null) {
            var source = volume.getConfigMap();
            return keys(
                    "configmap",
                    source.getName(),
                    sources.configMap(namespace, source.getName()),
                    source.getItems(),
                    mode(source.getDefaultMode()),
                    source.getOptional());
        }
        if (volume.getDownwardAPI() != null) {
            return downward(
                    volume.getDownwardAPI().getItems(),
                    mode(volume.getDownwardAPI().getDefaultMode()));
        }
        if (volume.getProjected() != null) {
            Map<String, Content> all = new TreeMap<>();
            for (VolumeProjection source : volume.getProjected().getSources()) {
                Shown shown = projected(source, mode(volume.getProjected().getDefaultMode()));
                if (shown.missing().isPresent()) {
                    return shown;
                }
                all.putAll(shown.files());
            }
            return new Shown(all, Optional.empty());
        }
        return Shown.missing("this kind of volume is not supported by nodes of processes");
    }

    private Shown projected(VolumeProjection source, int mode) {
        String namespace = pod.getMetadata().getNamespace();
        if (source.getSecret() != null) {
            var secret = source.getSecret();
            return keys(
                    "secret",
                    secret.getName(),
                    sources.secret(namespace, secret.getName()),
                    secret.getItems(),
                    mode,
                    secret.getOptional());
        }
        if (source.getConfigMap() != null) {
            var map = source.getConfigMap();
            boolean authority = map.getName().equals("kube-root-ca.crt")
                    && sources.configMap(namespace, map.getName()).isEmpty();
            return authority
                    ? new Shown(Map.of("ca.crt", text(accounts.authority(), mode)), Optional.empty())
                    : keys(
                            "configmap",
                            map.getName(),
                            sources.configMap(namespace, map.getName()),
                            map.getItems(),
                            mode,
                            map.getOptional());
        }
        if (source.getDownwardAPI() != null) {
            return downward(source.getDownwardAPI().getItems(), mode);
        }
        return new Shown(
                Map.of(source.getServiceAccountToken().getPath(), text(accounts.token(pod), mode)), Optional.empty());
    }

    /** What the volume holds that the API server adds to every pod. */
    Shown account() {
        return new Shown(
                Map.of(
                        "token", text(accounts.token(pod), MODE),
                        "ca.crt", text(accounts.authority(), MODE),
                        "namespace", text(pod.getMetadata().getNamespace(), MODE)),
                Optional.empty());
    }

    private Shown downward(List<DownwardAPIVolumeFile> items, int mode) {
        Map<String, Content> files = new TreeMap<>();
        for (DownwardAPIVolumeFile item : items) {
            String value = item.getFieldRef() != null
                    ? DownwardApi.field(pod, podAddress, item.getFieldRef().getFieldPath())
                    : DownwardApi.resource(
                            pod.getSpec().getContainers().stream()
                                    .filter(container -> container
                                            .getName()
                                            .equals(item.getResourceFieldRef().getContainerName()))
                                    .findFirst()
                                    .orElseThrow(),
                            item.getResourceFieldRef());
            files.put(
                    item.getPath(),
                    text(value, Optional.ofNullable(item.getMode()).orElse(mode)));
        }
        return new Shown(files, Optional.empty());
    }

    private static Shown keys(
            String kind,
            String name,
            Optional<Map<String, byte[]>> data,
            List<KeyToPath> items,
            int mode,
            @org.jspecify.annotations.Nullable Boolean optional) {
        if (data.isEmpty() && !Boolean.TRUE.equals(optional)) {
            return Shown.missing("%s \"%s\" not found".formatted(kind, name));
        }
        Map<String, byte[]> present = data.orElse(Map.of());
        Map<String, Content> files = new TreeMap<>();
        if (items.isEmpty()) {
            present.forEach((key, bytes) -> files.put(key, new Content(bytes, mode)));
        }
        for (KeyToPath item : items) {
            byte[] bytes = present.get(item.getKey());
            if (bytes != null) {
                files.put(
                        item.getPath(),
                        new Content(bytes, Optional.ofNullable(item.getMode()).orElse(mode)));
            } else if (!Boolean.TRUE.equals(optional)) {
                return Shown.missing("references non-existent %s key: %s".formatted(kind, item.getKey()));
            }
        }
        return new Shown(files, Optional.empty());
    }

    private static int mode(@org.jspecify.annotations.Nullable Integer given) {
        return given == null ? MODE : given;
    }

    private static Content text(String text, int mode) {
        return new Content(text.getBytes(StandardCharsets.UTF_8), mode);
    }
}
