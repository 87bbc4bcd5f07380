package io.matriarch.instance.loop;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.json.Json;
import io.matriarch.instance.json.Node;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.ObjectWatch;
import io.matriarch.instance.lease.Promises;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the operator and the user wrote for this member: settings and passwords, followed by watches. The settings, and the Lease as last seen, are
 * also kept on the volume, so that a member can start while the API server is away.
 */
public final class Documents {
    private static final Logger LOG = LoggerFactory.getLogger(Documents.class);

    private final KubeApi api;
    private final String namespace;
    private final Names names;
    private final Path state;
    private final Path copy;
    private final Runnable news;
    private final Map<String, Thread> watches = new HashMap<>();
    private final Map<String, String> passwords = new HashMap<>();
    private final Promises promises;
    private final Object copying = new Object();
    private Optional<Settings> settings = Optional.empty();
    private Optional<String> text = Optional.empty();
    private Optional<ClusterLease> remembered;

    /**
     * @param remembered the Lease as it was last seen before this agent started
     */
    public Documents(
            KubeApi api,
            String namespace,
            Names names,
            Path state,
            Promises promises,
            Optional<ClusterLease> remembered,
            Runnable news) {
        this.api = api;
        this.namespace = namespace;
        this.names = names;
        this.state = state;
        this.copy = state.resolve("settings.json");
        this.promises = promises;
        this.remembered = remembered;
        this.news = news;
    }

    public void start() {
        try {
            if (Files.exists(copy)) {
                settings = Optional.of(Json.read(Files.readString(copy), Settings.class));
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

    /** The Lease as it was last seen, perhaps before this agent started. */
    public synchronized Optional<ClusterLease> remembered() {
        return remembered;
    }

    /**
     * Records what the Lease says now. The end of the holder's WAL changes all the time and does not matter at a start: it alone is no reason to
     * record the Lease.
     */
    synchronized void leaseSeen(ClusterLease state) {
        boolean same = remembered
                .filter(last -> !new LeaseWish.Keep(state).urgent(last))
                .isPresent();
        if (!same) {
            remembered = Optional.of(state);
            // On a thread of its own: a hanging disk does not delay the loop.
            Thread.ofVirtual().name("copies").start(this::keepCopies);
        }
    }

    /** Writes what is known to the volume, once the agent's folder exists there. */
    void keepCopies() {
        synchronized (copying) {
            Optional<String> document;
            Optional<ClusterLease> lease;
            synchronized (this) {
                document = text;
                lease = remembered;
            }
            if (!Files.isDirectory(state)) {
                return;
            }
            try {
                if (document.isPresent()) {
                    Path next = copy.resolveSibling("settings.json.new");
                    Files.writeString(next, document.get());
                    Files.move(next, copy, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                }
                if (lease.isPresent()) {
                    promises.change(former -> former.remembering(lease.get()));
                }
            } catch (IOException e) {
                LOG.warn("cannot keep copies of settings and Lease on the volume: {}", e.toString());
            }
        }
    }

    /** Password of the application's role or of the superuser, by the Secret's name. */
    synchronized Optional<String> password(String secret) {
        return Optional.ofNullable(passwords.get(secret));
    }

    /** All known passwords, by the Secret's name. */
    synchronized Map<String, String> passwords() {
        return Map.copyOf(passwords);
    }

    private void settingsChanged(Optional<Node> configMap) {
        Optional<String> document = configMap.flatMap(object -> KubeApi.value(object, Settings.KEY));
        if (document.isEmpty()) {
            return; // if somebody deleted the settings, the last ones remain in force
        }
        try {
            Settings next = Json.read(document.get(), Settings.class);
            synchronized (this) {
                settings = Optional.of(next);
                text = document;
                watchSecret(next.applicationSecret());
                if (next.superuserSecret() != null) {
                    watchSecret(next.superuserSecret());
                }
            }
            keepCopies();
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

    private void secretChanged(String name, Optional<Node> object) {
        object.flatMap(secret -> KubeApi.value(secret, "password")).ifPresent(password -> {
            synchronized (this) {
                passwords.put(name, password);
            }
            news.run();
        });
    }
}
