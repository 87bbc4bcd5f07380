package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A loop that looks at the store after each change, and a little later too. */
abstract class Controller implements AutoCloseable {
    /** As the controllers of Kubernetes ask. */
    static final Ask ASK = new Ask("kube-controller-manager", "", true, false, false);

    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    private final Store store;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private volatile boolean closed;

    Controller(Store store) {
        this.store = store;
    }

    Store store() {
        return store;
    }

    void start() {
        Thread.ofVirtual().name(getClass().getSimpleName()).start(this::run);
    }

    /** One look at everything; idempotent. */
    abstract void turn();

    private void run() {
        while (!closed) {
            try {
                long version = store.version();
                try {
                    turn();
                } catch (ApiError raced) {
                    LOG.debug("{} looks again: {}", getClass().getSimpleName(), raced.getMessage());
                    pause();
                    continue;
                } catch (RuntimeException e) {
                    LOG.error("{} failed", getClass().getSimpleName(), e);
                }
                store.eventsAfter(version, 200);
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void pause() throws InterruptedException {
        lock.lock();
        try {
            woken.await(5, TimeUnit.MILLISECONDS);
        } finally {
            lock.unlock();
        }
    }

    void wake() {
        lock.lock();
        try {
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Who its Events are from. */
    String component() {
        return getClass().getSimpleName();
    }

    void say(ObjectNode object, String reason, String message) {
        say(object, "Warning", reason, message);
    }

    /** An Event about an object; once for each reason and text. */
    void say(ObjectNode object, String type, String reason, String message) {
        JsonNode metadata = object.path("metadata");
        String name = "%s.%x"
                .formatted(
                        metadata.path("name").asText(), (metadata.path("uid").asText() + reason + message).hashCode());
        Key key = new Key("Event", metadata.path("namespace").asText("default"), name);
        if (store.get(key).isEmpty()) {
            ObjectNode event = Store.JSON.createObjectNode();
            event.put("apiVersion", "v1").put("kind", "Event");
            event.putObject("involvedObject")
                    .put("apiVersion", object.path("apiVersion").asText())
                    .put("kind", object.path("kind").asText())
                    .put("namespace", key.namespace())
                    .put("name", metadata.path("name").asText())
                    .put("uid", metadata.path("uid").asText());
            event.put("type", type)
                    .put("reason", reason)
                    .put("message", message)
                    .put("count", 1);
            event.put("firstTimestamp", Store.now()).put("lastTimestamp", Store.now());
            event.putObject("source").put("component", component());
            store.create(key, event);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
