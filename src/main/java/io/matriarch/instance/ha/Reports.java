package io.matriarch.instance.ha;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Problem;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.instance.postgres.Postgres.ServerState;
import io.matriarch.instance.postgres.Postgres.VolumeState;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** What a member says of itself, from what it sees. */
final class Reports {
    private Reports() {}

    static MemberReport of(Me me, Observation seen, Optional<Problem> planned, boolean holds) {
        ServerState server = seen.server();
        Optional<VolumeState> volume = seen.volume();
        Optional<Problem> problem = planned.or(() -> seen.failures().stream()
                .filter(failure -> !server.accepting() || failure.job() instanceof Job.SetPasswords)
                .findFirst()
                .map(Observation.Failure::problem));
        Role role = role(server, holds);
        boolean bootstrapped = seen.lease()
                .map(lease -> lease.state().systemIdentifier() != null)
                .orElse(false);
        return new MemberReport(
                MemberReport.VERSION,
                me.version(),
                me.incarnation(),
                role,
                problem.isPresent() && !server.accepting() ? State.Failed : state(seen, server, role),
                seen.lease().map(lease -> lease.state().epoch()).orElse(0L),
                server.timeline() > 0
                        ? server.timeline()
                        : volume.map(VolumeState::timeline).orElse(0),
                volume.map(VolumeState::content).orElse(VolumeContent.Unknown),
                volume.map(VolumeState::systemIdentifier).orElse(null),
                volume.map(VolumeState::major).orElse(null),
                volume.map(VolumeState::owner).orElse(null),
                bootstrapped ? null : volume.map(VolumeState::lsn).orElse(null),
                volume.map(VolumeState::primaryEpoch).orElse(0L),
                server.version(),
                server.settings(),
                server.rejected(),
                server.pendingRestart(),
                role == Role.Primary ? members(seen) : List.of(),
                problem.orElse(null),
                List.of(),
                null,
                null);
    }

    private static Role role(ServerState server, boolean holds) {
        if (!server.accepting()) {
            return Role.None;
        }
        if (server.inRecovery()) {
            return Role.Replica;
        }
        return holds ? Role.Primary : Role.None;
    }

    private static State state(Observation seen, ServerState server, Role role) {
        Optional<Job> job = seen.running();
        if (job.isPresent()) {
            switch (job.get()) {
                case Job.Initdb initdb -> {
                    return State.Initializing;
                }
                case Job.Clone clone -> {
                    return State.Cloning;
                }
                case Job.Stop stop -> {
                    return State.Stopped;
                }
                default -> {
                    // the server's own state says more
                }
            }
        }
        return switch (role) {
            case Primary -> State.Running;
            case Replica -> server.receiving() ? State.Streaming : State.Detached;
            case None -> {
                if (server.process() || job.filter(Reports::starts).isPresent()) {
                    yield State.Starting;
                }
                yield stopped(seen) ? State.Stopped : State.Waiting;
            }
        };
    }

    private static boolean starts(Job job) {
        return job instanceof Job.StartPrimary || job instanceof Job.StartReplica;
    }

    private static boolean stopped(Observation seen) {
        return seen.stopping();
    }

    /** Every member that still has a slot or a membership. */
    private static List<Integer> members(Observation seen) {
        TreeSet<Integer> members = new TreeSet<>(seen.slots());
        seen.lease().ifPresent(lease -> members.addAll(lease.state().members()));
        return List.copyOf(members);
    }
}
