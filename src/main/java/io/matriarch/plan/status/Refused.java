package io.matriarch.plan.status;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;

/** A write that the API server refuses: repeating it unchanged does not help. */
public final class Refused {
    private Refused() {}

    /**
     * @param words the API server's own words
     */
    public static Finding finding(Action action, String words) {
        if (action.object() instanceof PersistentVolumeClaim claim) {
            // The API server answers Forbidden both for a StorageClass that cannot expand and for an exceeded quota:
            // only its words differ.
            String help = words.contains("resize") || words.contains("expansion")
                    ? ". Use a StorageClass with allowVolumeExpansion: true"
                    : "";
            return new Finding(
                    Finding.Topic.Volumes,
                    true,
                    action instanceof Action.Patch ? "ResizeRefused" : "ClaimRefused",
                    "%s: %s%s".formatted(claim.getMetadata().getName(), words, help));
        }
        return Finding.stalled("Refused", "the API server refuses %s: %s".formatted(action.target(), words));
    }
}
