package io.matriarch.plan.objects;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.view.Metadata;
import java.util.Map;

/**
 * Whether a live object must be applied again: the rendering changed (its hash, an annotation, differs), or somebody changed by hand what the
 * operator set. Fields that others added are left alone, as in server-side apply.
 */
public final class Drift {
    private Drift() {}

    public static boolean needsApply(HasMetadata desired, HasMetadata live) {
        String rendered = Metadata.annotation(desired, Labels.RENDERED);
        if (!rendered.isEmpty() && !rendered.equals(Metadata.annotation(live, Labels.RENDERED))) {
            return true;
        }
        return !holds(Json.tree(desired), Json.tree(live));
    }

    /** Whether {@code live} contains everything in {@code desired}; quantities are compared by value, and empty fields may be absent. */
    static boolean holds(JsonNode desired, JsonNode live) {
        if (empty(desired, live.isMissingNode())) {
            return true;
        }
        if (desired.isObject()) {
            for (Map.Entry<String, JsonNode> field : desired.properties()) {
                if (!holds(field.getValue(), live.path(field.getKey()))) {
                    return false;
                }
            }
            return true;
        }
        if (desired.isArray()) {
            for (JsonNode wanted : desired) {
                if (!anyHolds(wanted, live)) {
                    return false;
                }
            }
            return true;
        }
        return desired.equals(live) || desired.asText().equals(live.asText(null)) || sameAmount(desired, live);
    }

    private static boolean anyHolds(JsonNode wanted, JsonNode live) {
        for (JsonNode element : live) {
            if (holds(wanted, element)) {
                return true;
            }
        }
        return false;
    }

    /** The API server drops false and 0 from many fields: they mean the same as an absent field. */
    private static boolean empty(JsonNode node, boolean absent) {
        if (node.isMissingNode()
                || node.isNull()
                || (node.isTextual() && node.textValue().isEmpty())) {
            return true;
        }
        if (node.isArray()) {
            return node.isEmpty();
        }
        if (node.isObject()) {
            for (JsonNode field : node) {
                if (!absent || !empty(field, true)) {
                    return false;
                }
            }
            return true;
        }
        return absent && ((node.isBoolean() && !node.booleanValue()) || (node.isNumber() && node.doubleValue() == 0));
    }

    private static boolean sameAmount(JsonNode desired, JsonNode live) {
        if (!live.isValueNode()) {
            return false;
        }
        try {
            return Quantity.getAmountInBytes(Quantity.parse(desired.asText()))
                            .compareTo(Quantity.getAmountInBytes(Quantity.parse(live.asText())))
                    == 0;
        } catch (IllegalArgumentException | ArithmeticException e) {
            return false;
        }
    }
}
