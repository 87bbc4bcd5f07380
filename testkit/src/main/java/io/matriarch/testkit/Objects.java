package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;

/** Writes, with all that the API server does about one: defaults, checks, status apart, generation, owners of fields, finalizers. */
final class Objects {
    private static final List<String> FIXED = List.of(
            "uid",
            "creationTimestamp",
            "generation",
            "name",
            "namespace",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "resourceVersion",
            "managedFields");

    private final Store store;
    private final Kinds kinds;
    private final Checks checks;

    Objects(Store store, Kinds kinds) {
        this.store = store;
        this.kinds = kinds;
        this.checks = new Checks(store);
    }

    /** As {@link Checks#serviceRange}. */
    void serviceRange(String prefix) {
        checks.serviceRange(prefix);
    }

    ObjectNode create(Kind kind, String namespace, ObjectNode body, Ask ask) {
        return store.atomically(() -> {
            ObjectNode object = typed(kind, body.deepCopy());
            ObjectNode metadata = object.withObjectProperty("metadata");
            if (metadata.path("name").asText("").isEmpty()
                    && !metadata.path("generateName").asText("").isEmpty()) {
                metadata.put("name", metadata.path("generateName").asText() + suffix());
            }
            Key key = new Key(kind.kind(), namespace, metadata.path("name").asText(""));
            if (!namespace.isEmpty()
                    && metadata.has("namespace")
                    && !metadata.path("namespace").asText().equals(namespace)) {
                throw new ApiError(
                        400,
                        "BadRequest",
                        "the namespace of the provided object does not match the namespace sent on the request");
            }
            if (store.get(key).isPresent()) {
                throw new ApiError(
                                409, "AlreadyExists", "%s \"%s\" already exists".formatted(kind.resource(), key.name()))
                        .about(kind, key.name());
            }
            FIXED.stream().filter(field -> !field.equals("name")).forEach(metadata::remove);
            if (kind.status()) {
                object.remove("status");
            }
            provide(namespace);
            ObjectNode nothing = Store.JSON.createObjectNode();
            return settle(kind, key, nothing, object, ask, Optional.empty(), Optional.empty());
        });
    }

    /** A namespace comes into being when something is made in it: the one thing here that is easier than in a real cluster. */
    private void provide(String namespace) {
        Key key = new Key("Namespace", "", namespace);
        if (!namespace.isEmpty() && store.get(key).isEmpty()) {
            ObjectNode object =
                    Store.JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Namespace");
            object.putObject("metadata").put("name", namespace);
            Defaults.fill("Namespace", object, Optional.empty(), () -> "");
            store.create(key, object);
        }
    }

    /** @param expected the version that the caller saw, or empty for any */
    ObjectNode update(Kind kind, Key key, String expected, UnaryOperator<ObjectNode> change, Ask ask) {
        return store.atomically(() -> {
            ObjectNode live = store.get(key).orElseThrow(() -> ApiError.notFound(kind, key.name()));
            refuseStale(kind, key, expected, live);
            ObjectNode next = typed(kind, change.apply(live.deepCopy()));
            return settle(kind, key, live, next, ask, Optional.of(live), Optional.empty());
        });
    }

    private static void refuseStale(Kind kind, Key key, String expected, ObjectNode live) {
        if (!expected.isEmpty()
                && !expected.equals(
                        live.path("metadata").path("resourceVersion").asText())) {
            throw ApiError.conflict(
                            "Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply your changes to the latest version and try again"
                                    .formatted(kind.resource(), key.name()))
                    .about(kind, key.name());
        }
    }

    ObjectNode apply(Kind kind, Key key, ObjectNode body, Ask ask) {
        return store.atomically(() -> {
            ObjectNode configuration = typed(kind, body.deepCopy());
            if (configuration.path("metadata").path("managedFields").size() > 0) {
                throw new ApiError(400, "BadRequest", "metadata.managedFields must be nil");
            }
            boolean status = ask.subresource().equals("status");
            if (status) {
                configuration.retain("apiVersion", "kind", "metadata", "status");
            } else if (kind.status()) {
                configuration.remove("status");
            }
            checks.known(kind, configuration, ask.strict());
            Optional<ObjectNode> present = store.get(key);
            if (present.isEmpty() && status) {
                throw ApiError.notFound(kind, key.name());
            }
            String uid = configuration.path("metadata").path("uid").asText("");
            present.ifPresent(live -> {
                refuseStale(
                        kind,
                        key,
                        configuration.path("metadata").path("resourceVersion").asText(""),
                        live);
                if (!uid.isEmpty()
                        && !uid.equals(live.path("metadata").path("uid").asText())) {
                    throw ApiError.conflict("Precondition failed: UID in precondition: %s, UID in object meta: %s"
                            .formatted(uid, live.path("metadata").path("uid").asText()));
                }
            });
            if (present.isEmpty() && !uid.isEmpty()) {
                throw ApiError.conflict(
                        "uid mismatch: the provided object specified uid %s, and no existing object was found"
                                .formatted(uid));
            }
            provide(key.namespace());
            ObjectNode live = present.orElseGet(Store.JSON::createObjectNode);
            Ownership owner = new Ownership(ask.manager(), true, ask.subresource(), kind);
            ObjectNode next = owner.merge(live, configuration, ask.force());
            return settle(kind, key, live, next, ask, present, Optional.of(Fields.of(configuration, kind.shape())));
        });
    }

    /** @param stated the fields that are applied; empty for any other write */
    private ObjectNode settle(
            Kind kind,
            Key key,
            ObjectNode before,
            ObjectNode proposed,
            Ask ask,
            Optional<ObjectNode> live,
            Optional<ObjectNode> stated) {
        ObjectNode next = live.map(old -> parts(kind, ask, old, proposed)).orElse(proposed);
        ObjectNode metadata = next.withObjectProperty("metadata");
        live.ifPresentOrElse(
                old -> keep(old, metadata),
                () -> metadata.put("uid", UUID.randomUUID().toString()));
        metadata.put("name", key.name());
        if (!key.namespace().isEmpty()) {
            metadata.put("namespace", key.namespace());
        }
        checks.known(kind, next, ask.strict());
        checks.fill(kind, next, live);
        checks.check(kind, key, next, live);
        boolean other = !content(before).equals(content(next));
        if (kind.generation()) {
            long generation = before.path("metadata").path("generation").asLong(0);
            metadata.put("generation", other || live.isEmpty() ? generation + 1 : generation);
        }
        new Ownership(ask.manager(), stated.isPresent(), ask.subresource(), kind)
                .record(before, next, stated.orElseGet(Store.JSON::createObjectNode));
        if (ask.dryRun()) {
            return next;
        }
        if (live.isEmpty()) {
            ObjectNode created = store.create(key, next);
            if (kind.kind().equals("CustomResourceDefinition")) {
                kinds.define(created);
            }
            return created;
        }
        if (kind.kind().equals("CustomResourceDefinition")) {
            kinds.define(next);
        }
        ObjectNode stored = store.put(key, next);
        return released(stored) ? store.remove(key) : stored;
    }

    private static void keep(ObjectNode old, ObjectNode metadata) {
        for (String field : FIXED) {
            JsonNode value = old.path("metadata").get(field);
            if (value == null) {
                metadata.remove(field);
            } else {
                metadata.set(field, value);
            }
        }
    }

    /** All that the generation counts. */
    private static ObjectNode content(ObjectNode object) {
        return object.deepCopy().without(List.of("metadata", "status"));
    }

    /** The main resource does not change status, the status resource nothing else. */
    private static ObjectNode parts(Kind kind, Ask ask, ObjectNode live, ObjectNode next) {
        if (!kind.status()) {
            return next;
        }
        boolean status = ask.subresource().equals("status");
        ObjectNode base = status ? live.deepCopy() : next;
        JsonNode kept = status ? next.get("status") : live.get("status");
        if (kept == null) {
            base.remove("status");
        } else {
            base.set("status", kept);
        }
        return base;
    }

    private static boolean released(ObjectNode object) {
        JsonNode metadata = object.path("metadata");
        return metadata.has("deletionTimestamp")
                && metadata.path("finalizers").isEmpty()
                && metadata.path("deletionGracePeriodSeconds").asInt(0) == 0
                && !object.path("kind").asText().equals("Namespace");
    }

    /** Marks it, or removes it at once when nothing holds it; {@code options} are a {@code DeleteOptions}. */
    ObjectNode delete(Kind kind, Key key, JsonNode options, boolean dryRun) {
        return store.atomically(() -> {
            ObjectNode live = store.get(key).orElseThrow(() -> ApiError.notFound(kind, key.name()));
            for (String field : List.of("uid", "resourceVersion")) {
                JsonNode wanted = options.path("preconditions").path(field);
                if (wanted.isTextual() && !wanted.equals(live.path("metadata").path(field))) {
                    String name = field.equals("uid") ? "UID" : "ResourceVersion";
                    throw ApiError.conflict("Precondition failed: %s in precondition: %s, %s in object meta: %s"
                                    .formatted(
                                            name,
                                            wanted.asText(),
                                            name,
                                            live.path("metadata").path(field).asText()))
                            .about(kind, key.name());
                }
            }
            ObjectNode next = live.deepCopy();
            ObjectNode metadata = next.withObjectProperty("metadata");
            int grace = grace(kind, live, options);
            boolean marked = metadata.has("deletionTimestamp");
            if (!marked || grace < metadata.path("deletionGracePeriodSeconds").asInt(0)) {
                metadata.put(
                        "deletionTimestamp",
                        Instant.now()
                                .plusSeconds(grace)
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString());
                metadata.put("deletionGracePeriodSeconds", grace);
            }
            if (!marked) {
                String finalizer = switch (options.path("propagationPolicy").asText(standardPolicy(kind))) {
                    case "Orphan" -> "orphan";
                    case "Foreground" -> "foregroundDeletion";
                    default -> "";
                };
                ArrayNode finalizers = metadata.withArrayProperty("finalizers");
                if (!finalizer.isEmpty()) {
                    finalizers.add(finalizer);
                }
                if (finalizers.isEmpty()) {
                    metadata.remove("finalizers");
                }
                if (kind.generation()) {
                    metadata.put("generation", metadata.path("generation").asLong(0) + 1);
                }
                if (kind.kind().equals("Namespace")) {
                    next.withObjectProperty("status").put("phase", "Terminating");
                }
            }
            if (dryRun) {
                return next;
            }
            if (released(next)) {
                if (kind.kind().equals("CustomResourceDefinition")) {
                    kinds.forget(live);
                }
                return store.remove(key);
            }
            return store.put(key, next);
        });
    }

    /** Who deletes a Job without saying more leaves its pods: batch/v1 has kept that from its beginnings. */
    private static String standardPolicy(Kind kind) {
        return kind.kind().equals("Job") ? "Orphan" : "Background";
    }

    private static int grace(Kind kind, ObjectNode live, JsonNode options) {
        boolean over = List.of("Succeeded", "Failed")
                .contains(live.path("status").path("phase").asText());
        if (!kind.kind().equals("Pod")
                || over
                || live.path("spec").path("nodeName").asText("").isEmpty()) {
            return 0;
        }
        int standard = live.path("spec").path("terminationGracePeriodSeconds").asInt(30);
        return options.path("gracePeriodSeconds").asInt(standard);
    }

    private static ObjectNode typed(Kind kind, ObjectNode object) {
        String apiVersion = object.path("apiVersion").asText(kind.apiVersion());
        if (!apiVersion.equals(kind.apiVersion())
                || !object.path("kind").asText(kind.kind()).equals(kind.kind())) {
            throw new ApiError(
                    400,
                    "BadRequest",
                    "the object provided is a %s %s, not a %s %s"
                            .formatted(apiVersion, object.path("kind").asText(), kind.apiVersion(), kind.kind()));
        }
        object.put("apiVersion", kind.apiVersion());
        object.put("kind", kind.kind());
        return object;
    }

    private static String suffix() {
        String letters = "bcdfghjklmnpqrstvwxz2456789";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 5; i++) {
            text.append(letters.charAt(ThreadLocalRandom.current().nextInt(letters.length())));
        }
        return text.toString();
    }
}
