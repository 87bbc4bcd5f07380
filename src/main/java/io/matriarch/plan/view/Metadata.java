package io.matriarch.plan.view;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** The metadata of any object; nothing is null. */
public final class Metadata {
    private Metadata() {}

    /** The owner that controls an object. */
    public static Optional<OwnerReference> owner(HasMetadata object) {
        return owners(object).stream()
                .filter(o -> Boolean.TRUE.equals(o.getController()))
                .findFirst();
    }

    public static List<OwnerReference> owners(HasMetadata object) {
        return Objects.requireNonNullElse(object.getMetadata().getOwnerReferences(), List.of());
    }

    /** The value of an annotation; empty if the object does not have it. */
    public static String annotation(HasMetadata object, String name) {
        return Objects.requireNonNullElse(object.getMetadata().getAnnotations(), Map.<String, String>of())
                .getOrDefault(name, "");
    }
}
