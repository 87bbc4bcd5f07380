package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.ValidationRule;
import io.matriarch.api.contract.Settings.ReplicationMode;
import io.matriarch.api.contract.Settings.WhenUnavailable;
import org.jspecify.annotations.Nullable;

/** When a commit is acknowledged. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "!has(self.mode) || self.mode != 'Async' || !has(self.acknowledgements)",
        message =
                "replication.acknowledgements: with mode Async no replica acknowledges; leave acknowledgements out, or set mode: Quorum")
public record Replication(
        @JsonPropertyDescription(
                "Quorum: a commit is acknowledged once any `acknowledgements` replicas have flushed it, and no failover loses it. Async: a commit is acknowledged once the primary has flushed it, and a failover may lose the newest commits. Default: Quorum for three instances and more, and whenever acknowledgements is given; otherwise Async.")
        @Nullable
        ReplicationMode mode,

        @JsonPropertyDescription(
                "How many replicas must have flushed a commit before it is acknowledged: fewer than instances. Default: half of the instances, rounded down.")
        @Min(1)
        @Max(8)
        @Nullable
        Integer acknowledgements,

        @JsonPropertyDescription(
                "What happens with mode Quorum while too few replicas are available. Block: commits wait. Degrade: after five seconds the primary acknowledges alone until they are back. If the primary is lost before that, so is what it acknowledged alone.")
        @Default("Block")
        @Nullable
        WhenUnavailable whenUnavailable) {}
