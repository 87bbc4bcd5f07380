package io.matriarch.plan.postgres;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.matriarch.api.PostgresClusterSpec.PodManagementPolicy;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.VolumeContent;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.plan.step.Action;
import io.matriarch.plan.step.Finding;
import io.matriarch.plan.step.Step.Act;
import io.matriarch.plan.step.Step.Done;
import io.matriarch.plan.step.Step.Result;
import io.matriarch.plan.step.Step.Wait;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.plan.view.Metadata;
import io.matriarch.render.LeaseDocument;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How a cluster gets its database (docs/contract.md). Nothing is ever created where data may be: the agent on a volume that existed before
 * inspects it first, and an order to create a new database is given only when every volume is empty, or is new and this cluster's own. Once given,
 * an order stands until the Lease knows a database system.
 */
public final class Bootstrapping {
    public static final BootstrapOrder NONE = new BootstrapOrder(BootstrapAction.Inspect, 0, null, null);
    private static final BootstrapOrder INITDB = new BootstrapOrder(BootstrapAction.Initdb, 0, null, null);
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private Bootstrapping() {}

    /** An order, and the findings that prevent a better one. */
    public record Verdict(BootstrapOrder order, List<Finding> findings) {
        Verdict(BootstrapOrder order, Finding... findings) {
            this(order, List.of(findings));
        }
    }

    /** The Lease is created once, vacant. If it is gone although there was a database, its holder creates it again. */
    public static Result lease(ClusterView view) {
        if (view.leaseObject().isPresent()) {
            return new Done();
        }
        if (view.hadDatabase()) {
            if (view.members().stream().anyMatch(Bootstrapping::claimsPrimary)) {
                return new Wait("the primary to make its deleted Lease again", RECHECK);
            }
            if (view.settings().map(s -> s.bootstrap().action()).orElse(BootstrapAction.Initdb)
                    == BootstrapAction.Initdb) {
                // There must be no Lease to take until the agents know that no database system may be created.
                return new Done();
            }
        }
        return Act.andGoOn(List.of(new Action.Create(LeaseDocument.vacant(view.rendering()))), List.of());
    }

    private static boolean claimsPrimary(Member member) {
        return member.report()
                .filter(r -> r.role() == MemberReport.Role.Primary)
                .isPresent();
    }

    private static String annotation(PersistentVolumeClaim claim, String name) {
        return Metadata.annotation(claim, name);
    }

    public static Verdict order(ClusterView view) {
        Optional<BootstrapOrder> given = view.settings()
                .filter(settings -> settings.clusterUid().equals(view.uid()))
                .map(Settings::bootstrap);
        if (view.bootstrapped()) {
            return new Verdict(given.orElse(NONE));
        }
        boolean hadData = view.hadDatabase();
        BootstrapAction action = given.map(BootstrapOrder::action).orElse(null);
        boolean stands = action == BootstrapAction.Adopt
                ? given.get().ordinal() < looked(view)
                : action == BootstrapAction.Initdb
                        && (!hadData || view.leaseObject().isEmpty() && serving(view));
        if (stands) {
            return new Verdict(given.get());
        }
        if (action == null && !hadData && view.claims().stream().allMatch(claim -> view.ours(claim))) {
            return new Verdict(INITDB);
        }
        return inspected(view);
    }

    private static boolean serving(ClusterView view) {
        return view.members().stream().anyMatch(Bootstrapping::claimsPrimary);
    }

    /** How many members' volumes are inspected: a smaller number of instances takes effect only once it is known whose data is the newest. */
    private static int looked(ClusterView view) {
        return Math.max(
                view.spec().instances(), PostgresFitness.membership(view).members());
    }

    /** Whether a volume has been inspected; for data, its end must be known too. */
    private static boolean lookedAt(MemberReport report) {
        return report.volume() != null
                && report.volume() != VolumeContent.Unknown
                && (report.volume() != VolumeContent.Data || report.lsn() != null);
    }

    private static Verdict inspected(ClusterView view) {
        int instances = looked(view);
        Map<Integer, MemberReport> reports = new TreeMap<>();
        for (int ordinal = 0; ordinal < instances; ordinal++) {
            Optional<MemberReport> report = view.report(ordinal).filter(Bootstrapping::lookedAt);
            int known = ordinal;
            report.ifPresent(r -> reports.put(known, r));
        }
        List<Finding> foreign = reports.entrySet().stream()
                .filter(e -> e.getValue().volume() == VolumeContent.Foreign)
                .map(e -> foreign(view, e.getKey(), e.getValue()))
                .toList();
        if (!foreign.isEmpty()) {
            return new Verdict(NONE, foreign);
        }
        // Under OrderedReady the second pod is created only when the first is ready, and no pod is ready while volumes
        // are inspected.
        int awaited = view.spec().podManagementPolicy() == PodManagementPolicy.OrderedReady ? 1 : instances;
        if (reports.size() < awaited) {
            return new Verdict(NONE);
        }
        Map<Integer, MemberReport> data = new TreeMap<>(reports);
        data.values().removeIf(r -> r.volume() != VolumeContent.Data);
        List<PersistentVolumeClaim> elsewhere = view.claims().stream()
                .filter(claim -> !reports.containsKey(view.ordinalOf(claim)))
                .filter(claim -> !annotation(claim, Labels.SYSTEM_IDENTIFIER).isEmpty())
                .toList();
        List<Integer> torn = reports.entrySet().stream()
                .filter(e -> e.getValue().volume() == VolumeContent.Unfinished)
                .map(Map.Entry::getKey)
                .toList();
        if (data.isEmpty() && !torn.isEmpty()) {
            return new Verdict(NONE, unfinished(view, torn));
        }
        if (data.isEmpty()) {
            return elsewhere.isEmpty() ? new Verdict(INITDB) : new Verdict(NONE, left(view, elsewhere));
        }
        return adopt(view, data, elsewhere);
    }

    /**
     * The member with the newest data becomes the primary. Each reign has its own timeline (docs/decisions/0004), so that is the greater timeline,
     * and on the same timeline the greater position. A former primary is preferred only among equals: a replica of a later reign has data that it
     * lacks.
     */
    private static Verdict adopt(
            ClusterView view, Map<Integer, MemberReport> data, List<PersistentVolumeClaim> elsewhere) {
        long systems = data.values().stream()
                .map(r -> r.systemIdentifier() + " " + r.owner())
                .distinct()
                .count();
        if (systems > 1) {
            String list = data.entrySet().stream()
                    .map(e -> "%s holds system %s of %s"
                            .formatted(
                                    view.names().dataClaim(e.getKey()),
                                    e.getValue().systemIdentifier(),
                                    e.getValue().owner()))
                    .collect(Collectors.joining("; "));
            return new Verdict(
                    NONE,
                    volumes(
                            "DifferentSystems",
                            list
                                    + ". Nothing is touched. Bring back only the claims of one system under these names, or use another cluster name"));
        }
        Map.Entry<Integer, MemberReport> best = data.entrySet().stream()
                .max(Comparator.comparingInt((Map.Entry<Integer, MemberReport> e) ->
                                e.getValue().timeline())
                        .thenComparingLong(e -> Lsn.parse(e.getValue().lsn()))
                        .thenComparingLong(e -> e.getValue().primaryEpoch())
                        .thenComparing(Map.Entry.<Integer, MemberReport>comparingByKey()
                                .reversed()))
                .orElseThrow();
        long reigned = data.values().stream()
                .mapToLong(MemberReport::primaryEpoch)
                .max()
                .orElse(0);
        List<PersistentVolumeClaim> newer =
                elsewhere.stream().filter(claim -> epoch(claim) > reigned).toList();
        if (!newer.isEmpty()) {
            return new Verdict(NONE, left(view, newer));
        }
        long epoch = Math.max(
                data.values().stream()
                        .mapToLong(r -> Math.max(r.primaryEpoch(), r.epoch()))
                        .max()
                        .orElse(0),
                view.claims().stream().mapToLong(Bootstrapping::epoch).max().orElse(0));
        return new Verdict(new BootstrapOrder(
                BootstrapAction.Adopt, best.getKey(), best.getValue().systemIdentifier(), epoch));
    }

    private static Finding foreign(ClusterView view, int ordinal, MemberReport report) {
        Problem problem = report.problem();
        return volumes(
                problem == null ? Problem.Reason.ForeignVolume.name() : problem.reason(),
                problem == null
                        ? "%s holds data that is not this cluster's. Use another cluster name"
                                .formatted(view.names().dataClaim(ordinal))
                        : problem.message());
    }

    private static Finding unfinished(ClusterView view, List<Integer> torn) {
        return volumes(
                "UnfinishedVolume",
                "%s was being rewound when it was stopped, and no other member has data. Nothing is created in its place. Bring another member's volume back, or use another cluster name to start with an empty database"
                        .formatted(torn.stream().map(view.names()::dataClaim).collect(Collectors.joining(", "))));
    }

    /** Data is on claims that no member of the wanted number would use. */
    private static Finding left(ClusterView view, List<PersistentVolumeClaim> claims) {
        int needed = claims.stream().mapToInt(view::ordinalOf).max().orElse(0) + 1;
        String list = claims.stream()
                .map(claim -> "%s (system %s, primary until epoch %d)"
                        .formatted(
                                claim.getMetadata().getName(),
                                annotation(claim, Labels.SYSTEM_IDENTIFIER),
                                epoch(claim)))
                .collect(Collectors.joining(", "));
        return volumes(
                "DataElsewhere",
                "the newest data of a former cluster of this name is on %s. Nothing is touched. Set spec.instances to %d or more (with podManagementPolicy Parallel) to use it, or use another cluster name to start with an empty database"
                        .formatted(list, needed));
    }

    private static Finding volumes(String reason, String message) {
        return new Finding(Finding.Topic.Volumes, true, reason, message);
    }

    private static long epoch(PersistentVolumeClaim claim) {
        try {
            return Long.parseLong(annotation(claim, Labels.PRIMARY_EPOCH));
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
