package io.matriarch.api;

import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the status of every kind of object has that a pass works on. */
public interface ReportedStatus {
    @Nullable
    Long observedGeneration();

    @Nullable
    List<Condition> conditions();

    /** Keys of the findings that Events have reported and that still hold. */
    @Nullable
    List<String> announced();
}
