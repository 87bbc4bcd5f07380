package io.matriarch.plan.step;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** One write to the API server. Each is safe to repeat; those that take something away carry uid and resourceVersion. */
public sealed interface Action {
    HasMetadata object();

    /** Server-side apply of a whole rendered object. If the operator's caches lack the object, it reads the object live before it creates it. */
    record Apply(HasMetadata object) implements Action {}

    /** Created once, never changed by the operator; it is no error if the object exists by then. */
    record Create(HasMetadata object) implements Action {}

    /**
     * A merge patch of an object as it was seen; the API server refuses it if the object has changed since.
     *
     * @param patch JSON without metadata.uid and metadata.resourceVersion, which are added
     */
    record Patch(HasMetadata object, String patch, String why) implements Action {}

    /** Deletes an object as it was seen. */
    record Delete(HasMetadata object, String why) implements Action {}

    /** Kind and name, for logs and errors. */
    default String target() {
        return object().getKind() + " " + object().getMetadata().getName();
    }
}
