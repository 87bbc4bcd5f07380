package io.matriarch.testkit;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport.Answer;
import io.matriarch.api.contract.MemberReport.Outcome;
import io.matriarch.api.contract.MemberReport.RoleChange;
import io.matriarch.api.contract.MemberReport.SyncState;
import io.matriarch.api.contract.MemberReport.Synchronous;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.RequestKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What agents do about requests, simulated: each is carried out at once by the member concerned, and answered as long as it is in the settings. */
final class SimulatedElections {
    /** By namespace, pod and request. */
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();

    private final Map<String, String> reasons = new ConcurrentHashMap<>();

    private static String key(String namespace, String pod, String request) {
        return namespace + " " + pod + " " + request;
    }

    /** What a pod has to answer; what is no longer asked is forgotten. */
    List<Answer> answers(String namespace, String pod, Settings settings) {
        answers.keySet()
                .removeIf(key -> key.startsWith(key(namespace, pod, ""))
                        && settings.requests().stream().noneMatch(r -> key.equals(key(namespace, pod, r.id()))));
        return settings.requests().stream()
                .flatMap(r -> Optional.ofNullable(answers.get(key(namespace, pod, r.id()))).stream())
                .toList();
    }

    /** Whether a member of the primary's cluster has been asked to be made anew, and answers. */
    void rebuild(String namespace, String pod, int ordinal, Settings settings) {
        open(namespace, settings, RequestKind.Rebuild)
                .filter(r -> Integer.valueOf(ordinal).equals(r.to()))
                .ifPresent(r -> answer(namespace, pod, r, "cloned from the primary"));
    }

    /** The Lease after the holder has handed over, if it is asked to. */
    Optional<ClusterLease> handOver(
            String namespace, String pod, int ordinal, Settings settings, ClusterLease lease, Names names) {
        return open(namespace, settings, RequestKind.Switchover).map(request -> {
            int to = Optional.ofNullable(request.to()).orElse(ordinal == 0 ? 1 : 0);
            answer(namespace, pod, request, "%s took over from %s".formatted(names.pod(to), pod));
            return next(lease, names.pod(to), "Switchover");
        });
    }

    /** The Lease after a member has taken it by force, if somebody asks for it. */
    Optional<ClusterLease> force(String namespace, String pod, Settings settings, ClusterLease lease) {
        return open(namespace, settings, RequestKind.ForceFailover).map(request -> {
            answer(namespace, pod, request, "%s was promoted without a quorum".formatted(pod));
            return next(lease, pod, "Forced");
        });
    }

    private Optional<Request> open(String namespace, Settings settings, RequestKind kind) {
        return settings.requests().stream()
                .filter(r -> r.kind() == kind)
                .filter(r -> answers.keySet().stream()
                        .noneMatch(key -> key.startsWith(namespace + " ") && key.endsWith(" " + r.id())))
                .findFirst();
    }

    private void answer(String namespace, String pod, Request request, String message) {
        answers.put(key(namespace, pod, request.id()), new Answer(request.id(), Outcome.Done, message));
    }

    private ClusterLease next(ClusterLease lease, String holder, String reason) {
        List<Reign> history = new ArrayList<>(lease.history());
        history.add(new Reign(lease.epoch() + 1, 1, "0/0", holder));
        reasons.put(lease.systemIdentifier() + " " + (lease.epoch() + 1), reason);
        return new ClusterLease(
                lease.v(),
                lease.epoch() + 1,
                Phase.Serving,
                lease.address(),
                1,
                lease.systemIdentifier(),
                lease.members(),
                history);
    }

    /** How the newest reign began. */
    Optional<RoleChange> change(ClusterLease lease) {
        int last = lease.history().size() - 1;
        Reign reign = lease.history().get(last);
        return last == 0
                ? Optional.empty()
                : Optional.of(new RoleChange(
                        reign.epoch(),
                        lease.history().get(last - 1).holder(),
                        Optional.ofNullable(reasons.get(lease.systemIdentifier() + " " + reign.epoch()))
                                .orElse("Restart"),
                        250,
                        "orders-0 and orders-1 voted"));
    }

    static Synchronous synchronous(Settings settings, List<Integer> members) {
        int acknowledgements = Optional.ofNullable(settings.replication())
                .map(Settings.Replication::acknowledgements)
                .orElse(0);
        return acknowledgements == 0
                ? new Synchronous(SyncState.Async, 0, List.of())
                : new Synchronous(
                        members.size() > acknowledgements ? SyncState.Quorum : SyncState.Blocked,
                        acknowledgements,
                        members);
    }
}
