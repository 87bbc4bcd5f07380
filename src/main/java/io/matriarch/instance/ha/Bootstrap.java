package io.matriarch.instance.ha;

import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.util.Objects;

/** While the Lease knows no database system, the member that the order names creates one, or adopts the one on its volume. */
final class Bootstrap {
    private final Me me;

    Bootstrap(Me me) {
        this.me = me;
    }

    Plan plan(
            Observation seen, Settings settings, LeaseView lease, VolumeState volume, boolean vacant, boolean proven) {
        BootstrapOrder order = settings.bootstrap();
        if (order.action() == BootstrapAction.Inspect && volume.content() == VolumeContent.Data) {
            return compared(seen, volume);
        }
        if (order.action() == BootstrapAction.Inspect || order.ordinal() != me.ordinal()) {
            return Plan.watch();
        }
        boolean adopt = order.action() == BootstrapAction.Adopt;
        if (adopt
                && (volume.content() != VolumeContent.Data
                        || !Objects.equals(volume.systemIdentifier(), order.systemIdentifier()))) {
            return Plan.problem(new Problem(
                    Problem.Reason.AdoptionFailed,
                    "data-%s was to be taken over with system %s, but holds %s"
                            .formatted(me.pod(), order.systemIdentifier(), volume.systemIdentifier())));
        }
        if (!lease.holder().equals(me.identity())) {
            long former = Math.max(
                    order.epoch() == null ? 0 : order.epoch(), lease.state().epoch());
            return vacant
                    ? Plan.lease(new LeaseWish.Take(
                            lease.resourceVersion(), Leases.bootstrapping(lease.state(), former + 1, me)))
                    : Plan.watch();
        }
        LeaseWish keep = new LeaseWish.Keep(lease.state());
        if (volume.content() == VolumeContent.Unfinished) {
            return Plan.lease(keep).with(unfinished());
        }
        ServerState server = seen.server();
        if (volume.content() == VolumeContent.Empty) {
            return proven ? Plan.job(new Job.Initdb(), keep) : Plan.lease(keep);
        }
        if (!server.process()) {
            return proven ? Plan.job(new Job.StartPrimary(lease.state().epoch()), keep) : Plan.lease(keep);
        }
        if (server.accepting() && !server.inRecovery() && volume.systemIdentifier() != null) {
            return Plan.lease(
                    new LeaseWish.Keep(Leases.born(lease.state(), volume.systemIdentifier(), server.timeline(), me)));
        }
        return Plan.lease(keep);
    }

    /** Every member finds out how much WAL it has, and stays stopped, before one of them is told to continue. */
    private static Plan compared(Observation seen, VolumeState volume) {
        if (seen.server().process()) {
            return Plan.job(new Job.Stop(), new LeaseWish.Watch());
        }
        return volume.past().end().isEmpty() ? Plan.job(new Job.Measure(), new LeaseWish.Watch()) : Plan.watch();
    }

    private Problem unfinished() {
        return new Problem(
                Problem.Reason.UnfinishedVolume,
                "data-%s was being rewound when it was stopped; it can only be replaced by a clone. Bring another member's volume back, or use another cluster name to start with an empty database"
                        .formatted(me.pod()));
    }
}
