package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The ConfigMaps, Secrets and claims that pods refer to, as they are now. */
final class Sources implements AutoCloseable {
    private final SharedIndexInformer<ConfigMap> configMaps;
    private final SharedIndexInformer<Secret> secrets;
    private final SharedIndexInformer<PersistentVolumeClaim> claims;

    /** @param changed called after any of them did */
    Sources(KubernetesClient client, Runnable changed) {
        configMaps = client.configMaps().inAnyNamespace().inform(new Changes<>(changed));
        secrets = client.secrets().inAnyNamespace().inform(new Changes<>(changed));
        claims = client.persistentVolumeClaims().inAnyNamespace().inform(new Changes<>(changed));
    }

    /** Bytes of a ConfigMap by key; empty when there is no such object. */
    Optional<Map<String, byte[]>> configMap(String namespace, String name) {
        return Optional.ofNullable(configMaps.getStore().getByKey(namespace + "/" + name))
                .map(map -> {
                    Map<String, byte[]> bytes = new TreeMap<>();
                    orEmpty(map.getData())
                            .forEach((key, value) -> bytes.put(key, value.getBytes(StandardCharsets.UTF_8)));
                    orEmpty(map.getBinaryData())
                            .forEach((key, value) ->
                                    bytes.put(key, Base64.getDecoder().decode(value)));
                    return bytes;
                });
    }

    /** Bytes of a Secret by key; empty when there is no such object. */
    Optional<Map<String, byte[]>> secret(String namespace, String name) {
        return Optional.ofNullable(secrets.getStore().getByKey(namespace + "/" + name))
                .map(secret -> {
                    Map<String, byte[]> bytes = new TreeMap<>();
                    orEmpty(secret.getData())
                            .forEach((key, value) ->
                                    bytes.put(key, Base64.getDecoder().decode(value)));
                    return bytes;
                });
    }

    Optional<PersistentVolumeClaim> claim(String namespace, String name) {
        return Optional.ofNullable(claims.getStore().getByKey(namespace + "/" + name));
    }

    static <V> Map<String, V> orEmpty(@org.jspecify.annotations.Nullable Map<String, V> map) {
        return map == null ? Map.of() : map;
    }

    @Override
    public void close() {
        configMaps.close();
        secrets.close();
        claims.close();
    }

    private record Changes<T extends HasMetadata>(Runnable changed) implements ResourceEventHandler<T> {
        @Override
        public void onAdd(T object) {
            changed.run();
        }

        @Override
        public void onUpdate(T before, T now) {
            changed.run();
        }

        @Override
        public void onDelete(T object, boolean unknown) {
            changed.run();
        }
    }
}
