package io.matriarch.operator;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.matriarch.api.contract.Labels;
import io.matriarch.plan.status.Refused;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out a plan. If the API server refuses a write, its own words become a finding; if an object has merely changed meanwhile, the next pass
 * looks again.
 */
final class Actor {
    private static final Logger LOG = LoggerFactory.getLogger(Actor.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;

    /** Bad request, forbidden, too large, invalid: repeating the request unchanged does not help. */
    private static final Set<Integer> REFUSALS = Set.of(400, 403, 413, 422);

    private final KubernetesClient client;

    Actor(KubernetesClient client) {
        this.client = client;
    }

    /**
     * The result of a plan.
     *
     * @param refusals what the API server refused
     * @param done what was carried out
     * @param again whether an object had changed since it was seen
     */
    record Outcome(List<Finding> refusals, List<Action> done, boolean again) {}

    Outcome carryOut(List<Plan.Planned> actions) {
        List<Finding> refusals = new ArrayList<>();
        List<Action> done = new ArrayList<>();
        boolean again = false;
        for (Plan.Planned planned : actions) {
            Action action = planned.action();
            try {
                write(action);
                done.add(action);
                LOG.info("{}", describe(action));
            } catch (KubernetesClientException e) {
                if (e.getCode() == CONFLICT || (e.getCode() == NOT_FOUND && !(action instanceof Action.Create))) {
                    LOG.debug("{} has changed since it was seen: {}", action.target(), e.getMessage());
                    again = true;
                    if (action instanceof Action.Create) {
                        continue;
                    }
                } else if (REFUSALS.contains(e.getCode())) {
                    refusals.add(refusal(action, e));
                } else {
                    throw e;
                }
                if (planned.blocks()) {
                    break;
                }
            }
        }
        return new Outcome(refusals, done, again);
    }

    private static String describe(Action action) {
        return switch (action) {
            case Action.Apply apply -> "applied " + apply.target();
            case Action.Create create -> "created " + create.target();
            case Action.Patch patch -> "patched %s: %s".formatted(patch.target(), patch.why());
            case Action.Delete delete -> "deleted %s: %s".formatted(delete.target(), delete.why());
        };
    }

    private void write(Action action) {
        switch (action) {
            case Action.Apply apply ->
                client.resource(apply.object())
                        .fieldValidation(FieldValidateable.Validation.STRICT)
                        .fieldManager(Labels.FIELD_MANAGER)
                        .forceConflicts()
                        .serverSideApply();
            case Action.Create create -> client.resource(create.object()).create();
            case Action.Patch patch ->
                client.resource(patch.object())
                        .patch(
                                new PatchContext.Builder()
                                        .withPatchType(PatchType.JSON_MERGE)
                                        .withFieldManager(Labels.FIELD_MANAGER)
                                        .build(),
                                guarded(patch));
            case Action.Delete delete ->
                client.resource(delete.object())
                        .lockResourceVersion(delete.object().getMetadata().getResourceVersion())
                        .delete();
        }
    }

    /** The API server refuses the patch if the object is another one, or has changed since it was seen. */
    private static String guarded(Action.Patch patch) {
        try {
            ObjectNode tree = (ObjectNode) JSON.readTree(patch.patch());
            ObjectNode metadata = tree.withObjectProperty("metadata");
            metadata.put("uid", patch.object().getMetadata().getUid());
            metadata.put("resourceVersion", patch.object().getMetadata().getResourceVersion());
            return JSON.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a patch of ours is no JSON", e);
        }
    }

    private static Finding refusal(Action action, KubernetesClientException e) {
        String words = Optional.ofNullable(e.getStatus())
                .map(s -> s.getMessage())
                .filter(message -> message != null && !message.isEmpty())
                .orElse(String.valueOf(e.getMessage()));
        LOG.warn("the API server refuses {}: {}", action.target(), words);
        return Refused.finding(action, words);
    }
}
