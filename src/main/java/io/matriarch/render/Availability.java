package io.matriarch.render;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Quantity;
import io.matriarch.api.Failover;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.Replication;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Profile;
import io.matriarch.api.contract.Settings.ReplicationMode;
import io.matriarch.api.contract.Settings.WhenUnavailable;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * What the spec says about replication, failover and fencing, with its defaults, for the present number of members (docs/internals/protocol.md 7).
 */
public final class Availability {
    private static final Quantity MAX_LAG = new Quantity("16Mi");
    private static final int LEAST_FOR_QUORUM = 3;

    private Availability() {}

    /**
     * When {@code instances} members acknowledge a commit. On the way to another number of members, this follows the present number: fewer members
     * acknowledge than are wanted in the end, and never as many as there are members.
     */
    public static Settings.Replication replication(PostgresClusterSpec spec, int instances) {
        Replication given = Optional.ofNullable(spec.replication()).orElse(new Replication(null, null, null));
        Optional<Integer> acknowledgements = Optional.ofNullable(given.acknowledgements());
        ReplicationMode mode = Optional.ofNullable(given.mode())
                .orElse(
                        acknowledgements.isPresent() || instances >= LEAST_FOR_QUORUM
                                ? ReplicationMode.Quorum
                                : ReplicationMode.Async);
        int wanted = acknowledgements.orElse(instances / 2);
        return new Settings.Replication(
                mode,
                mode == ReplicationMode.Async ? 0 : Math.min(wanted, instances - 1),
                Optional.ofNullable(given.whenUnavailable()).orElse(WhenUnavailable.Block));
    }

    static Settings.Failover failover(PostgresClusterSpec spec) {
        Failover given = Optional.ofNullable(spec.failover()).orElse(new Failover(null, null));
        return new Settings.Failover(
                Optional.ofNullable(given.profile()).orElse(Profile.Default),
                Quantity.getAmountInBytes(Optional.ofNullable(given.maxLag()).orElse(MAX_LAG))
                        .longValue());
    }

    /** Ordinals below {@code instances} whose PostgreSQL is kept stopped. */
    public static List<Integer> fenced(PostgresClusterSpec spec, int instances) {
        TreeSet<Integer> fenced = new TreeSet<>();
        for (IntOrString given : Optional.ofNullable(spec.fencedInstances()).orElse(List.<IntOrString>of())) {
            if (given.getIntVal() == null) {
                return IntStream.range(0, instances).boxed().toList();
            }
            fenced.add(given.getIntVal());
        }
        return fenced.stream().filter(ordinal -> ordinal < instances).toList();
    }
}
