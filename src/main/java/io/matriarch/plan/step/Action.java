package io.matriarch.plan.step;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** One write to the API server. Each is safe to repeat, and those that take something away carry uid and resourceVersion. */
public sealed interface Action {
    HasMetadata object();

    /** Server-side apply of an object rendered whole. The operator looks again, live, before it makes one that its caches do not have. */
    record Apply(HasMetadata object) implements Action {}

    /** Made once, never changed by us; it is fine when somebody was faster. */
    record Create(HasMetadata object) implements Action {}

    /**
     * A merge patch of an object as it was seen; refused by the API server when it has changed since.
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
