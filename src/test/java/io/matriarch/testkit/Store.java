package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/** The objects, their versions, and what happened to them: etcd and the generic part of the API server. */
final class Store {
    static final ObjectMapper JSON = new ObjectMapper();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Key, ObjectNode> objects = new TreeMap<>();
    /** What each manager applied last, by server-side apply. */
    private final Map<Key, Map<String, ObjectNode>> applied = new HashMap<>();

    private final List<Event> events = new ArrayList<>();
    private long version = 1;

    record Key(String kind, String namespace, String name) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            return (kind + "/" + namespace + "/" + name)
                    .compareTo(other.kind + "/" + other.namespace + "/" + other.name);
        }
    }

    record Event(long version, String type, Key key, ObjectNode object) {}

    Optional<ObjectNode> get(Key key) {
        lock.lock();
        try {
            return Optional.ofNullable(objects.get(key)).map(ObjectNode::deepCopy);
        } finally {
            lock.unlock();
        }
    }

    List<ObjectNode> list(String kind) {
        lock.lock();
        try {
            return objects.entrySet().stream()
                    .filter(entry -> entry.getKey().kind().equals(kind))
                    .map(entry -> entry.getValue().deepCopy())
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    long version() {
        lock.lock();
        try {
            return version;
        } finally {
            lock.unlock();
        }
    }

    ObjectNode create(Key key, ObjectNode object) {
        lock.lock();
        try {
            if (objects.containsKey(key)) {
                throw new ApiError(409, "AlreadyExists", "%s \"%s\" already exists".formatted(key.kind(), key.name()));
            }
            ObjectNode metadata = object.withObjectProperty("metadata");
            metadata.put("name", key.name());
            if (!key.namespace().isEmpty()) {
                metadata.put("namespace", key.namespace());
            }
            metadata.put("uid", UUID.randomUUID().toString());
            metadata.put("creationTimestamp", now());
            metadata.put("generation", 1);
            return put(key, object, "ADDED");
        } finally {
            lock.unlock();
        }
    }

    /** Changes an object; a change that changes nothing makes no version. */
    ObjectNode update(Key key, String expectedVersion, UnaryOperator<ObjectNode> change) {
        lock.lock();
        try {
            ObjectNode live = objects.get(key);
            if (live == null) {
                throw ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name()));
            }
            String present = live.path("metadata").path("resourceVersion").asText();
            if (!expectedVersion.isEmpty() && !expectedVersion.equals(present)) {
                throw ApiError.conflict("Operation cannot be fulfilled on %s \"%s\": the object has been modified"
                        .formatted(key.kind(), key.name()));
            }
            ObjectNode next = change.apply(live.deepCopy());
            ObjectNode metadata = next.withObjectProperty("metadata");
            for (String fixed : List.of(
                    "uid",
                    "creationTimestamp",
                    "generation",
                    "name",
                    "namespace",
                    "deletionTimestamp",
                    "resourceVersion")) {
                JsonNode value = live.path("metadata").get(fixed);
                if (value == null) {
                    metadata.remove(fixed);
                } else {
                    metadata.set(fixed, value);
                }
            }
            if (next.equals(live)) {
                return live.deepCopy();
            }
            if (!next.path("spec").equals(live.path("spec"))) {
                metadata.put(
                        "generation", live.path("metadata").path("generation").asLong() + 1);
            }
            ObjectNode stored = put(key, next, "MODIFIED");
            if (metadata.has("deletionTimestamp")
                    && !metadata.path("finalizers").iterator().hasNext()
                    && !key.kind().equals("Pod")) {
                return remove(key);
            }
            return stored;
        } finally {
            lock.unlock();
        }
    }

    ObjectNode apply(Key key, String manager, boolean status, ObjectNode wanted, boolean create) {
        lock.lock();
        try {
            Map<String, ObjectNode> managers = applied.computeIfAbsent(key, any -> new HashMap<>());
            String owner = manager + (status ? "/status" : "");
            List<JsonNode> others = managers.entrySet().stream()
                    .filter(entry -> !entry.getKey().equals(owner))
                    .<JsonNode>map(Map.Entry::getValue)
                    .toList();
            ObjectNode content = wanted.deepCopy();
            ObjectNode metadata = content.withObjectProperty("metadata");
            List.of("resourceVersion", "uid", "generation", "creationTimestamp", "managedFields")
                    .forEach(metadata::remove);
            if (!objects.containsKey(key)) {
                if (!create) {
                    throw ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name()));
                }
                ObjectNode fresh = content.deepCopy();
                manage(fresh, manager);
                ObjectNode stored = create(key, fresh);
                managers.put(owner, content);
                return stored;
            }
            ObjectNode stored =
                    update(key, wanted.path("metadata").path("resourceVersion").asText(), live -> {
                        ObjectNode merged = Merge.apply(live, managers.get(owner), content, others);
                        manage(merged, manager);
                        return merged;
                    });
            managers.put(owner, content);
            return stored;
        } finally {
            lock.unlock();
        }
    }

    private static void manage(ObjectNode object, String manager) {
        ArrayNode fields = object.withObjectProperty("metadata").withArrayProperty("managedFields");
        for (JsonNode entry : fields) {
            if (entry.path("manager").asText().equals(manager)) {
                return;
            }
        }
        fields.addObject()
                .put("manager", manager)
                .put("operation", "Apply")
                .put("fieldsType", "FieldsV1")
                .putObject("fieldsV1");
    }

    /** Marks it, or removes it at once when nothing holds it. */
    ObjectNode delete(Key key, boolean graceful) {
        lock.lock();
        try {
            ObjectNode live = objects.get(key);
            if (live == null) {
                throw ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name()));
            }
            boolean held = live.path("metadata").path("finalizers").iterator().hasNext() || graceful;
            if (!held) {
                return remove(key);
            }
            if (live.path("metadata").has("deletionTimestamp")) {
                return live.deepCopy();
            }
            ObjectNode marked = live.deepCopy();
            marked.withObjectProperty("metadata").put("deletionTimestamp", now());
            return put(key, marked, "MODIFIED");
        } finally {
            lock.unlock();
        }
    }

    ObjectNode remove(Key key) {
        lock.lock();
        try {
            ObjectNode gone = objects.remove(key);
            if (gone == null) {
                throw ApiError.notFound("%s \"%s\"".formatted(key.kind(), key.name()));
            }
            applied.remove(key);
            version++;
            gone.withObjectProperty("metadata").put("resourceVersion", Long.toString(version));
            events.add(new Event(version, "DELETED", key, gone.deepCopy()));
            changed.signalAll();
            return gone;
        } finally {
            lock.unlock();
        }
    }

    private ObjectNode put(Key key, ObjectNode object, String type) {
        version++;
        object.withObjectProperty("metadata").put("resourceVersion", Long.toString(version));
        objects.put(key, object);
        events.add(new Event(version, type, key, object.deepCopy()));
        changed.signalAll();
        return object.deepCopy();
    }

    /** Events after a version, waiting for the first one. */
    List<Event> eventsAfter(long after, long millis) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(millis);
            while (version <= after && left > 0) {
                left = changed.awaitNanos(left);
            }
            int from = events.size();
            while (from > 0 && events.get(from - 1).version() > after) {
                from--;
            }
            return List.copyOf(events.subList(from, events.size()));
        } finally {
            lock.unlock();
        }
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
