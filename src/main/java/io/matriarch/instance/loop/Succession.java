package io.matriarch.instance.loop;

import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.api.contract.ClusterLease.Reign;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.RoleChange;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.ha.Knowledge.Ballot;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Observation;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How this member came into office: why, after whom, how long it took, and who voted. Its report says so for as long as the reign lasts. */
public final class Succession {
    private final String identity;
    private final String pod;
    private @Nullable String former;
    private @Nullable String container;
    private @Nullable Duration vacant;
    private String version = "";
    private @Nullable Duration served;
    private @Nullable RoleChange change;

    Succession(String identity, String pod) {
        this.identity = identity;
        this.pod = pod;
    }

    /** Adds to the report what is known of the newest reign; called once a turn. */
    MemberReport told(Observation seen, MemberReport report) {
        Optional<LeaseView> lease = seen.lease();
        if (lease.isEmpty()) {
            return report;
        }
        if (!lease.get().holder().equals(identity)) {
            watch(seen, lease.get());
            return report;
        }
        long epoch = lease.get().state().epoch();
        if (change == null || change.epoch() != epoch) {
            change = report.role() == Role.Primary ? begun(seen, epoch) : null;
        }
        return change == null || report.role() != Role.Primary ? report : report.with(change);
    }

    private void watch(Observation seen, LeaseView lease) {
        List<Reign> history = lease.state().history();
        former = history.isEmpty() ? null : history.getLast().holder();
        container = Optional.ofNullable(lease.state().containerId()).orElse(container);
        boolean serves = !lease.holder().isEmpty() && !lease.holder().startsWith(pod + "/");
        if (!lease.resourceVersion().equals(version)) {
            // Each renewal proves that the holder served until then; a holder that is handing over has stopped, or is
            // about to.
            version = lease.resourceVersion();
            if (serves
                    && lease.state().phase() == Phase.Serving
                    && lease.state().handoff() == null) {
                served = seen.now();
            }
        }
        boolean stands = seen.knowledge()
                .ballot()
                .filter(ballot -> ballot.request().resourceVersion().equals(lease.resourceVersion()))
                .isPresent();
        if (serves && !stands) {
            vacant = null;
        } else if (vacant == null) {
            vacant = seen.now();
        }
    }

    private RoleChange begun(Observation seen, long epoch) {
        Optional<Ballot> ballot =
                seen.knowledge().ballot().filter(votes -> votes.request().epoch() == epoch);
        Duration since = vacant == null ? seen.now() : vacant;
        Long outage = served == null ? null : seen.now().minus(served).toMillis();
        vacant = null;
        served = null;
        return new RoleChange(
                epoch,
                former,
                ballot.map(votes -> reason(votes.request().vacancy())).orElse(former == null ? "Bootstrap" : "Restart"),
                seen.now().minus(since).toMillis(),
                ballot.map(votes -> story(votes, seen.knowledge().burnt())).orElse(""),
                outage);
    }

    private static String reason(Peer.Vacancy vacancy) {
        return switch (vacancy) {
            case Released -> "PrimaryStopped";
            case HandingOver -> "Switchover";
            case Terminated -> "PrimaryTerminated";
            case Expired, Missing -> "LeaseExpired";
            case Forced -> "Forced";
        };
    }

    private String story(Ballot ballot, Set<String> burnt) {
        boolean fuse = container != null && burnt.contains(container);
        String why = fuse || ballot.request().vacancy() == Peer.Vacancy.Expired
                ? "%s did not renew the Lease: it is cut off or frozen, or its agent got no processor (its log says when it paused, and for how long); "
                        .formatted(former == null ? "nobody" : former)
                : "";
        return why
                + ballot.votes().values().stream()
                        .sorted(Comparator.comparing(Peer.Vote::ordinal))
                        .map(vote -> vote.granted()
                                ? "%d voted, at %s of timeline %d"
                                        .formatted(vote.ordinal(), vote.lsn(), vote.timeline())
                                : "%d did not vote: %s".formatted(vote.ordinal(), vote.reason()))
                        .collect(Collectors.joining("; "));
    }
}
