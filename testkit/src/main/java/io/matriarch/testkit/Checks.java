package io.matriarch.testkit;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.matriarch.testkit.Store.Key;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** What makes an object acceptable: known fields, defaults, names, what may not change, and for custom resources their schema. */
final class Checks {
    private static final ObjectMapper MODEL = new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, true)
            .setAnnotationIntrospector(new NoSurplus());
    private static final Rules RULES = new Rules();

    private final Store store;
    private final AtomicInteger services = new AtomicInteger();
    private volatile String serviceRange = "10.96";
    private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

    Checks(Store store) {
        this.store = store;
    }

    /** The client's model keeps what it does not know; here that is an error. */
    private static final class NoSurplus extends JacksonAnnotationIntrospector {
        private static final long serialVersionUID = 1L;

        @Override
        public Boolean hasAnySetter(Annotated annotated) {
            return false;
        }

        @Override
        public Boolean hasAnyGetter(Annotated annotated) {
            return false;
        }

        @Override
        public boolean hasIgnoreMarker(AnnotatedMember member) {
            return member.getName().contains("dditionalPropert")
                            && !member.getDeclaringClass().getSimpleName().contains("JSONSchema")
                    || super.hasIgnoreMarker(member);
        }
    }

    private Schema schema(Kind kind) {
        return schemas.computeIfAbsent(kind.schema(), root -> new Schema(root, RULES));
    }

    void known(Kind kind, ObjectNode object, boolean strict) {
        if (kind.custom()) {
            List<String> unknown = schema(kind).prune(object);
            if (strict && !unknown.isEmpty()) {
                throw new ApiError(
                        400,
                        "BadRequest",
                        "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s"
                                .formatted(
                                        kind.kind(),
                                        kind.version(),
                                        kind.kind(),
                                        unknown.stream()
                                                .map(path -> "unknown field \"" + path + "\"")
                                                .collect(Collectors.joining(", "))));
            }
            return;
        }
        Class<?> model = io.fabric8.kubernetes.client.utils.Serialization.unmarshal(
                        "{\"apiVersion\":\"%s\",\"kind\":\"%s\"}".formatted(kind.apiVersion(), kind.kind()),
                        io.fabric8.kubernetes.api.model.KubernetesResource.class)
                .getClass();
        try {
            ObjectNode stated = object.deepCopy();
            // its fieldsV1 has no form of its own
            stated.withObjectProperty("metadata").remove("managedFields");
            MODEL.treeToValue(stated, model);
        } catch (UnrecognizedPropertyException e) {
            if (strict) {
                throw new ApiError(
                        400,
                        "BadRequest",
                        "%s in version \"%s\" cannot be handled as a %s: strict decoding error: unknown field \"%s\""
                                .formatted(kind.kind(), kind.version(), kind.kind(), path(e)));
            }
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new ApiError(
                    400,
                    "BadRequest",
                    "%s in version \"%s\" cannot be handled as a %s: %s"
                            .formatted(kind.kind(), kind.version(), kind.kind(), e.getOriginalMessage()));
        }
    }

    private static String path(JsonMappingException e) {
        return e.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                .collect(Collectors.joining())
                .substring(1);
    }

    /** Services get addresses that begin with these two numbers. */
    void serviceRange(String prefix) {
        serviceRange = prefix;
    }

    private String serviceAddress() {
        int next = services.getAndIncrement();
        return "%s.%d.%d".formatted(serviceRange, next / 250 + 1, next % 250 + 1);
    }

    void fill(Kind kind, ObjectNode object, Optional<ObjectNode> live) {
        if (kind.custom()) {
            schema(kind).fill(object);
        } else {
            Defaults.fill(kind.kind(), object, live, this::serviceAddress);
        }
    }

    void check(Kind kind, Key key, ObjectNode object, Optional<ObjectNode> live) {
        List<String> problems = new ArrayList<>();
        if (key.name().isEmpty()) {
            problems.add("metadata.name: Required value: name or generateName is required");
        } else if (live.isEmpty() && !kind.group().equals("rbac.authorization.k8s.io")) {
            boolean label = List.of("Service", "Namespace").contains(kind.kind());
            if (!key.name().matches(label ? "[a-z0-9]([-a-z0-9]*[a-z0-9])?" : "[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
                    || key.name().length() > (label ? 63 : 253)) {
                problems.add("metadata.name: Invalid value: \"%s\": a lowercase RFC 1123 %s is needed"
                        .formatted(key.name(), label ? "label" : "subdomain"));
            }
        }
        if (!key.namespace().isEmpty() && live.isEmpty()) {
            ObjectNode namespace = store.get(new Key("Namespace", "", key.namespace()))
                    .orElseThrow(() -> ApiError.notFound("namespaces \"%s\"".formatted(key.namespace())));
            if (namespace.path("metadata").has("deletionTimestamp")) {
                throw new ApiError(
                        403,
                        "Forbidden",
                        "%s \"%s\" is forbidden: unable to create new content in namespace %s because it is being terminated"
                                .formatted(kind.resource(), key.name(), key.namespace()));
            }
        }
        object.path("metadata").path("labels").fields().forEachRemaining(entry -> {
            String value = entry.getValue().asText();
            if (value.length() > 63 || !value.matches("([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")) {
                problems.add(
                        "metadata.labels: Invalid value: \"%s\": must be a valid label value of no more than 63 characters"
                                .formatted(value));
            }
        });
        if (kind.custom()) {
            problems.addAll(schema(kind).problems(object, live.map(old -> (JsonNode) old)));
        }
        problems.addAll(JobChecks.problems(kind, object, live));
        live.ifPresent(old -> frozen(kind, key, old, object, problems));
        if (!problems.isEmpty()) {
            throw ApiError.invalid(kind, key.name(), problems);
        }
    }

    private void frozen(Kind kind, Key key, ObjectNode old, ObjectNode next, List<String> problems) {
        switch (kind.kind()) {
            case "StatefulSet" -> {
                ObjectNode before = old.path("spec").deepCopy();
                ObjectNode after = next.path("spec").deepCopy();
                List<String> free = List.of(
                        "replicas",
                        "ordinals",
                        "template",
                        "updateStrategy",
                        "minReadySeconds",
                        "revisionHistoryLimit",
                        "persistentVolumeClaimRetentionPolicy");
                if (!before.without(free).equals(after.without(free))) {
                    problems.add(
                            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
                }
            }
            case "PersistentVolumeClaim" -> claim(key, old, next, problems);
            case "Secret", "ConfigMap" -> {
                if (old.path("immutable").asBoolean() && !old.path("data").equals(next.path("data"))) {
                    problems.add("data: Forbidden: field is immutable when `immutable` is set");
                }
                if (!old.path("type").equals(next.path("type"))) {
                    problems.add("type: Invalid value: %s: field is immutable".formatted(next.path("type")));
                }
            }
            case "Service" -> {
                String address = old.path("spec").path("clusterIP").asText("");
                if (!address.isEmpty()
                        && !address.equals(next.path("spec").path("clusterIP").asText(""))) {
                    problems.add("spec.clusterIPs[0]: Invalid value: %s: may not change once set"
                            .formatted(next.path("spec").path("clusterIP")));
                }
            }
            case "RoleBinding" -> {
                if (!old.path("roleRef").equals(next.path("roleRef"))) {
                    problems.add("roleRef: Invalid value: %s: cannot change roleRef".formatted(next.path("roleRef")));
                }
            }
            default -> {
                // all of it may change
            }
        }
    }

    private void claim(Key key, ObjectNode old, ObjectNode next, List<String> problems) {
        ObjectNode before = old.path("spec").deepCopy();
        ObjectNode after = next.path("spec").deepCopy();
        if (before.path("volumeName").isMissingNode()) {
            after.remove("volumeName");
        }
        if (!before.without("resources").equals(after.without("resources"))) {
            problems.add(
                    "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
        BigDecimal had = size(before);
        BigDecimal wants = size(after);
        if (wants.compareTo(had) < 0) {
            problems.add("spec.resources.requests.storage: Forbidden: field can not be less than status.capacity");
        } else if (wants.compareTo(had) > 0) {
            boolean grows = store.get(new Key(
                            "StorageClass", "", before.path("storageClassName").asText("")))
                    .map(type -> type.path("allowVolumeExpansion").asBoolean())
                    .orElse(false);
            if (!grows) {
                throw new ApiError(
                        403,
                        "Forbidden",
                        "persistentvolumeclaims \"%s\" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
                                .formatted(key.name()));
            }
        }
    }

    private static BigDecimal size(ObjectNode spec) {
        return Rules.parse(
                        spec.path("resources").path("requests").path("storage").asText("0"))
                .orElse(BigDecimal.ZERO);
    }
}
