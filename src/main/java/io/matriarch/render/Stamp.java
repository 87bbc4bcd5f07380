package io.matriarch.render;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.matriarch.api.contract.Labels;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The annotation {@link Labels#RENDERED}: a hash of an object as it was rendered. The operator writes an object when the live one has a different
 * hash, and so never compares fields that the API server filled in (docs/internals/workload.md 2). Claims and the Lease have no hash: the operator
 * creates them once, and after that others write to them too.
 */
public final class Stamp {
    private Stamp() {}

    /** Puts the hash on the object and returns it. The hash does not cover a hash that is already there. */
    static <T extends HasMetadata> T on(T object) {
        Map<String, String> annotations = new LinkedHashMap<>(
                Optional.ofNullable(object.getMetadata().getAnnotations()).orElse(Map.of()));
        annotations.remove(Labels.RENDERED);
        object.getMetadata().setAnnotations(annotations);
        annotations.put(Labels.RENDERED, object instanceof StatefulSet set ? withoutTemplates(set) : Hashes.of(object));
        return object;
    }

    /** Whether the live object was written from the same rendering. */
    public static boolean same(HasMetadata live, HasMetadata rendered) {
        return of(live).isPresent() && of(live).equals(of(rendered));
    }

    private static Optional<String> of(HasMetadata object) {
        return Optional.ofNullable(object.getMetadata().getAnnotations())
                .map(annotations -> annotations.get(Labels.RENDERED));
    }

    /**
     * A StatefulSet is rendered over its live templates, with everything that the API server filled in, so the hash leaves the templates out. The
     * annotations {@link Labels#INPUTS} and {@link Labels#AGENT_IMAGE}, which do count, change when the pod template does.
     */
    private static String withoutTemplates(StatefulSet set) {
        PodTemplateSpec template = set.getSpec().getTemplate();
        var claims = set.getSpec().getVolumeClaimTemplates();
        set.getSpec().setTemplate(null);
        set.getSpec().setVolumeClaimTemplates(List.of());
        String hash = Hashes.of(set);
        set.getSpec().setTemplate(template);
        set.getSpec().setVolumeClaimTemplates(claims);
        return hash;
    }
}
