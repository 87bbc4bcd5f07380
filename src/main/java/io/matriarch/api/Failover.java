package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.contract.Settings.Profile;
import org.jspecify.annotations.Nullable;

/** How fast a lost primary is replaced, and what that may cost. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Failover(
        @JsonPropertyDescription(
                "How long the primary's lease is: Fast 6 s, Default 10 s, Relaxed 15 s. A primary that no longer renews it is replaced after this time, and stops itself before. A change restarts nothing.")
        @Default("Default")
        @Nullable
        Profile profile,

        @JsonPropertyDescription(
                "With asynchronous replication, a replica that is known to be further behind than this many bytes of WAL is not promoted automatically. Default: 16Mi.")
        @ValidationRule(
                value = "isQuantity(string(self)) && !quantity(string(self)).isLessThan(quantity('0'))",
                message = "failover.maxLag: not a size; give a number with one of Kubernetes' units, such as 16Mi")
        @Nullable
        Quantity maxLag) {}
