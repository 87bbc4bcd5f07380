package io.matriarch.plan.step;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that must be in the status before anything is done. After a crash, or after a change of leader, the operator then knows what was
 * begun.
 *
 * @param field of the status
 * @param value the new value; null when there is nothing left to remember
 */
public record Intent(String field, @Nullable Object value) {
    /** A status with these fields changed and all others as they were. */
    public static <S> S onto(@Nullable S status, List<Intent> intents, Class<S> type) {
        ObjectNode tree = status == null ? Json.MAPPER.createObjectNode() : (ObjectNode) Json.tree(status);
        for (Intent intent : intents) {
            tree.remove(intent.field());
            if (intent.value() != null) {
                tree.set(intent.field(), Json.tree(intent.value()));
            }
        }
        try {
            return Json.MAPPER.treeToValue(tree, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a status of ours has no such fields: " + e.getOriginalMessage(), e);
        }
    }
}
