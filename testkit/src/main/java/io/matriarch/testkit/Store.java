package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The objects, their versions, and what happened to them: the part of etcd. What is in it is never changed in place: each write puts a new tree,
 * so readers share trees and must copy what they want to change.
 */
final class Store {
    static final ObjectMapper JSON = new ObjectMapper();
    /** Events that a watch can still resume from. */
    private static final int MEMORY = 20_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, TreeMap<Key, ObjectNode>> objects = new TreeMap<>();
    /** One for each version after {@link #forgotten}, without gaps. */
    private final List<Event> events = new ArrayList<>();

    private long forgotten = 1;
    private long version = 1;

    record Key(String kind, String namespace, String name) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int order = namespace.compareTo(other.namespace);
            return order != 0 ? order : name.compareTo(other.name);
        }

        static Key of(JsonNode object) {
            return new Key(
                    object.path("kind").asText(),
                    object.path("metadata").path("namespace").asText(""),
                    object.path("metadata").path("name").asText());
        }
    }

    /** @param before what was there until now */
    record Event(long version, String type, Key key, ObjectNode object, Optional<ObjectNode> before) {}

    /** What is there, and the version at which it was. */
    record Snapshot(long version, List<ObjectNode> objects) {}

    <T> T atomically(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    Optional<ObjectNode> get(Key key) {
        return atomically(() -> Optional.ofNullable(of(key.kind()).get(key)));
    }

    private TreeMap<Key, ObjectNode> of(String kind) {
        return objects.computeIfAbsent(kind, any -> new TreeMap<>());
    }

    List<ObjectNode> list(String kind) {
        return snapshot(kind).objects();
    }

    Snapshot snapshot(String kind) {
        return atomically(() -> new Snapshot(version, List.copyOf(of(kind).values())));
    }

    long version() {
        return atomically(() -> version);
    }

    /** Adds what is not there yet. */
    ObjectNode create(Key key, ObjectNode object) {
        return atomically(() -> {
            if (of(key.kind()).containsKey(key)) {
                throw new ApiError(409, "AlreadyExists", "%s \"%s\" already exists".formatted(key.kind(), key.name()));
            }
            ObjectNode fresh = object.deepCopy();
            ObjectNode metadata = fresh.withObjectProperty("metadata");
            metadata.put("name", key.name());
            if (!key.namespace().isEmpty()) {
                metadata.put("namespace", key.namespace());
            }
            if (!metadata.has("uid")) {
                metadata.put("uid", UUID.randomUUID().toString());
            }
            metadata.put("creationTimestamp", now());
            return put(key, fresh);
        });
    }

    /** What a controller changes, nobody's fields; a change that changes nothing makes no version. */
    ObjectNode update(Key key, UnaryOperator<ObjectNode> change) {
        return atomically(() -> {
            ObjectNode live =
                    get(key).orElseThrow(() -> ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name())));
            return put(key, change.apply(live.deepCopy()));
        });
    }

    /** Puts it in the place of what was there, if it is any different. */
    ObjectNode put(Key key, ObjectNode object) {
        return atomically(() -> {
            ObjectNode live = of(key.kind()).get(key);
            if (object.equals(live)) {
                return live;
            }
            version++;
            object.withObjectProperty("metadata").put("resourceVersion", Long.toString(version));
            of(key.kind()).put(key, object);
            note(new Event(version, live == null ? "ADDED" : "MODIFIED", key, object, Optional.ofNullable(live)));
            return object;
        });
    }

    ObjectNode remove(Key key) {
        return atomically(() -> {
            ObjectNode live = of(key.kind()).remove(key);
            if (live == null) {
                throw ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name()));
            }
            version++;
            ObjectNode gone = live.deepCopy();
            gone.withObjectProperty("metadata").put("resourceVersion", Long.toString(version));
            note(new Event(version, "DELETED", key, gone, Optional.of(live)));
            return gone;
        });
    }

    private void note(Event event) {
        events.add(event);
        if (events.size() > 2 * MEMORY) {
            forget(version - MEMORY);
        }
        changed.signalAll();
    }

    /** Loses the events up to a version, as compaction does: watches from before it get 410. */
    void forget(long upTo) {
        atomically(() -> {
            int gone = (int) Math.max(0, Math.min(events.size(), upTo - forgotten));
            events.subList(0, gone).clear();
            forgotten += gone;
            return gone;
        });
    }

    /**
     * Events after a version; waits for the first one.
     *
     * @throws ApiError 410 when they are no longer known
     */
    List<Event> eventsAfter(long after, long millis) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(millis);
            while (version <= after && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (after < forgotten) {
                throw new ApiError(410, "Expired", "too old resource version: %d (%d)".formatted(after, forgotten));
            }
            return version <= after ? List.of() : List.copyOf(events.subList((int) (after - forgotten), events.size()));
        } finally {
            lock.unlock();
        }
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
