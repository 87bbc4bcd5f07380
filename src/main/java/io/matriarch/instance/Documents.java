package io.matriarch.instance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.ObjectWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the operator and the user wrote for this member: settings and passwords, followed by watches. The settings are also kept on the volume,
 * so that a member can start while the API server is away.
 */
final class Documents {
    private static final Logger LOG = LoggerFactory.getLogger(Documents.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final KubeApi api;
    private final String namespace;
    private final Names names;
    private final Path state;
    private final Path copy;
    private final Runnable news;
    private final Map<String, Thread> watches = new HashMap<>();
    private final Map<String, String> passwords = new HashMap<>();
    private Optional<Settings> settings = Optional.empty();

    Documents(KubeApi api, String namespace, Names names, Path state, Runnable news) {
        this.api = api;
        this.namespace = namespace;
        this.names = names;
        this.state = state;
        this.copy = state.resolve("settings.json");
        this.news = news;
    }

    void start() {
        try {
            if (Files.exists(copy)) {
                settings = Optional.of(JSON.readValue(copy.toFile(), Settings.class));
            }
        } catch (IOException e) {
            LOG.warn("cannot read the copy of the settings: {}", e.toString());
        }
        new ObjectWatch(api, "/api/v1/namespaces/" + namespace + "/configmaps", names.settings(), this::settingsChanged)
                .start();
    }

    synchronized Optional<Settings> settings() {
        return settings;
    }

    /** Password of the application's role or the superuser's, by the Secret's name. */
    synchronized Optional<String> password(String secret) {
        return Optional.ofNullable(passwords.get(secret));
    }

    /** All passwords known; changes when any does. */
    synchronized Map<String, String> passwords() {
        return Map.copyOf(passwords);
    }

    private void settingsChanged(Optional<JsonNode> configMap) {
        Optional<String> text = configMap.flatMap(object -> KubeApi.value(object, Settings.KEY));
        if (text.isEmpty()) {
            return; // a cluster's settings do not vanish; whoever deleted them, the last ones hold
        }
        try {
            Settings next = JSON.readValue(text.get(), Settings.class);
            synchronized (this) {
                settings = Optional.of(next);
                watchSecret(next.applicationSecret());
                if (next.superuserSecret() != null) {
                    watchSecret(next.superuserSecret());
                }
            }
            if (Files.isDirectory(state)) {
                Files.write(copy, text.get().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            }
            news.run();
        } catch (IOException e) {
            LOG.warn("cannot use the settings: {}", e.toString());
        }
    }

    private void watchSecret(String name) {
        watches.computeIfAbsent(
                name,
                secret -> new ObjectWatch(
                                api,
                                "/api/v1/namespaces/" + namespace + "/secrets",
                                secret,
                                object -> secretChanged(secret, object))
                        .start());
    }

    private void secretChanged(String name, Optional<JsonNode> object) {
        object.flatMap(secret -> KubeApi.value(secret, "password")).ifPresent(password -> {
            synchronized (this) {
                passwords.put(name, password);
            }
            news.run();
        });
    }
}
