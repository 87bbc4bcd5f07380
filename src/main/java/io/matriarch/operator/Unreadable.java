package io.matriarch.operator;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.std.DelegatingDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * PostgresClusters that the API server stores but that do not fit the operator's types: they were stored before a rule of the schema existed, or
 * by a newer version. The watch delivers the objects of all clusters, and one unreadable object would end it for all of them. So such an object is
 * read without its unreadable part; an annotation that exists only in memory holds the reason.
 */
final class Unreadable {
    /** Never written to the API server: of an object that was read, only its metadata's name, namespace and uid are ever sent back. */
    private static final String WHY = "matriarch.io/unreadable";

    private Unreadable() {}

    /** How the operator's clients read and write JSON. */
    static KubernetesSerialization serialization() {
        SimpleModule module = new SimpleModule("unreadable-clusters");
        module.setDeserializerModifier(new BeanDeserializerModifier() {
            private static final long serialVersionUID = 1L;

            @Override
            public JsonDeserializer<?> modifyDeserializer(
                    DeserializationConfig config, BeanDescription type, JsonDeserializer<?> deserializer) {
                return type.getBeanClass() == PostgresCluster.class ? new Lenient(deserializer) : deserializer;
            }
        });
        module.setMixInAnnotation(Quantity.class, ParsedQuantity.class);
        return new KubernetesSerialization(new ObjectMapper().registerModule(module), true);
    }

    /** Which field of a cluster cannot be read, and why; empty if everything was read. */
    static Optional<String> why(PostgresCluster cluster) {
        if (cluster.getSpec() != null) {
            return Optional.empty();
        }
        return Optional.of(Optional.ofNullable(cluster.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(WHY))
                .orElse("spec: is missing"));
    }

    @JsonDeserialize(using = Parsed.class)
    private interface ParsedQuantity {}

    /** In a PostgresCluster, a quantity is a number. The type Quantity itself accepts any text, and throws only when it is compared. */
    private static final class Parsed extends Quantity.Deserializer {
        @Override
        public Quantity deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            Quantity quantity = super.deserialize(parser, context);
            if (context.getAttribute(Parsed.class) != null) {
                try {
                    quantity.getNumericalAmount();
                } catch (RuntimeException e) {
                    throw JsonMappingException.from(parser, "\"%s\" is not a quantity".formatted(quantity), e);
                }
            }
            return quantity;
        }
    }

    private static final class Lenient extends DelegatingDeserializer {
        private static final long serialVersionUID = 1L;

        Lenient(JsonDeserializer<?> strict) {
            super(strict);
        }

        @Override
        protected JsonDeserializer<?> newDelegatingInstance(JsonDeserializer<?> strict) {
            return new Lenient(strict);
        }

        @Override
        public Object deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            JsonNode tree = context.readTree(parser);
            try (JsonParser again = tree.traverse(parser.getCodec())) {
                again.nextToken();
                context.setAttribute(Parsed.class, true);
                return super.deserialize(again, context);
            } catch (JsonProcessingException | RuntimeException e) {
                PostgresCluster cluster = new PostgresCluster();
                cluster.setMetadata(metadata(tree, context, reason(e)));
                cluster.setStatus(status(tree, context));
                return cluster;
            } finally {
                context.setAttribute(Parsed.class, null);
            }
        }

        private static ObjectMeta metadata(JsonNode tree, DeserializationContext context, String reason)
                throws IOException {
            ObjectMeta metadata = context.readTreeAsValue(tree.path("metadata"), ObjectMeta.class);
            Map<String, String> annotations =
                    new HashMap<>(Objects.requireNonNullElse(metadata.getAnnotations(), Map.of()));
            // An object that was copied after it was read has its reason already.
            annotations.putIfAbsent(WHY, reason);
            metadata.setAnnotations(annotations);
            return metadata;
        }

        private static @Nullable PostgresClusterStatus status(JsonNode tree, DeserializationContext context) {
            try {
                return context.readTreeAsValue(tree.path("status"), PostgresClusterStatus.class);
            } catch (IOException | RuntimeException e) {
                return null;
            }
        }
    }

    private static String reason(Exception e) {
        if (e instanceof JsonMappingException mapping) {
            String path = mapping.getPath().stream()
                    .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName())
                    .collect(Collectors.joining());
            return (path.startsWith(".") ? path.substring(1) : path) + ": " + mapping.getOriginalMessage();
        }
        return String.valueOf(e.getMessage());
    }
}
