package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease.Sync;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.api.contract.MemberReport.SyncState;
import io.matriarch.api.contract.MemberReport.Synchronous;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.instance.facts.End;
import io.matriarch.instance.facts.ServerState;
import io.matriarch.instance.facts.VolumeState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Builds what a member reports about itself from what it sees. */
final class Reports {
    private static final Duration DROPPED = Duration.ofMinutes(10);

    private Reports() {}

    static MemberReport of(Me me, Observation seen, Optional<Problem> planned, boolean holds) {
        ServerState server = seen.server();
        Optional<VolumeState> volume = seen.volume();
        Optional<Problem> problem = planned.or(() -> seen.failures().stream()
                .filter(failure -> !server.accepting() || failure.task() instanceof Job.SetPasswords)
                .findFirst()
                .map(Observation.Failure::problem));
        Role role = role(seen, holds);
        boolean bootstrapped = seen.lease()
                .map(lease -> lease.state().systemIdentifier() != null)
                .orElse(false);
        Optional<End> end = volume.flatMap(v -> v.past().end());
        return new MemberReport(
                MemberReport.VERSION,
                me.version(),
                me.incarnation(),
                role,
                problem.isPresent() && !server.accepting() ? State.Failed : state(seen, server, role),
                seen.lease().map(lease -> lease.state().epoch()).orElse(0L),
                server.timeline() > 0
                        ? server.timeline()
                        : end.map(End::timeline)
                                .or(() -> volume.map(VolumeState::timeline))
                                .orElse(0),
                volume.map(VolumeState::content).orElse(VolumeContent.Unknown),
                volume.map(VolumeState::systemIdentifier).orElse(null),
                volume.map(VolumeState::major).orElse(null),
                volume.map(VolumeState::owner).orElse(null),
                bootstrapped ? null : end.map(at -> Lsn.text(at.lsn())).orElse(null),
                volume.map(VolumeState::primaryEpoch).orElse(0L),
                server.version(),
                server.confirmed() ? server.settings() : null,
                server.rejected(),
                server.pendingRestart(),
                role == Role.Primary ? members(seen) : List.of(),
                problem.orElse(null),
                answers(me, seen, server),
                role == Role.Primary ? synchronous(seen) : null,
                null,
                role == Role.Primary ? connected(me, server) : List.of(),
                slots(seen, role));
    }

    /** Dropped slots are reported for a while: this member cannot know whether their consumers have new ones by now. */
    private static List<MemberReport.Slot> slots(Observation seen, Role role) {
        Knowledge.Own own = seen.knowledge().own();
        boolean told = role == Role.Primary
                || role == Role.Replica && seen.now().minus(own.slotsSeen()).compareTo(DROPPED) < 0;
        return told ? own.slots() : List.of();
    }

    private static List<Integer> connected(Me me, ServerState server) {
        TreeSet<Integer> connected = new TreeSet<>(server.streaming());
        connected.add(me.ordinal());
        return List.copyOf(connected);
    }

    private static Role role(Observation seen, boolean holds) {
        ServerState server = seen.server();
        if (!server.accepting()) {
            return Role.None;
        }
        if (server.inRecovery()) {
            return Role.Replica;
        }
        return holds && inOffice(seen) ? Role.Primary : Role.None;
    }

    /** Whether clients may connect: the reign is recorded, and what a crash made visible can no longer be lost. */
    private static boolean inOffice(Observation seen) {
        Knowledge known = seen.knowledge();
        long epoch = seen.lease().map(lease -> lease.state().epoch()).orElse(0L);
        return known.own().gate() == 0 && known.own().reign() == epoch;
    }

    /** The outcomes of requests that are still in the settings. */
    private static List<Answer> answers(Me me, Observation seen, ServerState server) {
        List<Answer> answers = new ArrayList<>();
        List<Request> requests = seen.settings().map(Settings::requests).orElse(List.of());
        int rebuilt = rebuilt(seen, requests);
        for (int index = 0; index < requests.size(); index++) {
            Request request = requests.get(index);
            if (index <= rebuilt && rebuilds(me, request) && server.receiving()) {
                answers.add(new Answer(request.id(), Outcome.Done, me.pod() + " was cloned anew"));
            }
            seen.lease().stream()
                    .filter(lease -> lease.holder().equals(me.identity()))
                    .flatMap(lease -> lease.state().answered().stream())
                    .filter(answer -> answer.id().equals(request.id()))
                    .forEach(answers::add);
        }
        return answers;
    }

    private static boolean rebuilds(Me me, Request request) {
        return request.kind() == RequestKind.Rebuild && request.to() != null && request.to() == me.ordinal();
    }

    /** The index of the request that the last rebuild was for; -1 if it was for none of them. */
    private static int rebuilt(Observation seen, List<Request> requests) {
        String id = seen.knowledge().promise().rebuilt();
        return id == null ? -1 : requests.stream().map(Request::id).toList().indexOf(id);
    }

    private static Synchronous synchronous(Observation seen) {
        Sync sync = seen.lease().map(lease -> lease.state().sync()).orElse(null);
        if (sync == null) {
            return new Synchronous(SyncState.Async, 0, List.of());
        }
        if (sync.acknowledgements() == 0) {
            return new Synchronous(SyncState.Degraded, 0, sync.voters());
        }
        long there = seen.server().streaming().stream()
                .filter(sync.voters()::contains)
                .count();
        return new Synchronous(
                there >= sync.acknowledgements() ? SyncState.Quorum : SyncState.Blocked,
                sync.acknowledgements(),
                sync.voters());
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
