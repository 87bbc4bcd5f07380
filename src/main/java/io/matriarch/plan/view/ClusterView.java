package io.matriarch.plan.view;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterSpec;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.objects.Identity;
import io.matriarch.render.LeaseDocument;
import io.matriarch.render.Rendering;
import io.matriarch.render.SettingsDocument;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Everything that a step may know, as it was at one moment: the cluster, every object with one of its names or its label, the Lease as the API
 * server had it a moment ago, what Events say about objects in trouble, and the time. A view is immutable.
 */
public final class ClusterView {
    private final PostgresCluster cluster;
    private final Instant now;
    private final OperatorIdentity operator;
    private final List<HasMetadata> objects;
    private final List<Notice> notices;
    private final List<Secret> fresh;
    private final List<Member> members;
    private final Optional<ClusterLease> lease;
    private final Optional<Settings> settings;

    /**
     * What an Event said about an object.
     *
     * @param at when it said so last
     */
    public record Notice(String kind, String name, String reason, String message, Instant at) {}

    /**
     * The operator that looks at the cluster.
     *
     * @param image the operator's own, which contains the agent
     * @param version of the operator
     */
    public record OperatorIdentity(String image, String version) {}

    /**
     * A view.
     *
     * @param objects everything with a label or a name of the cluster, and what its spec refers to
     * @param notices what Events say about objects that are in trouble
     * @param fresh Secrets with new random content, for those that {@link Identity#lacking} names
     */
    public ClusterView(
            PostgresCluster cluster,
            Instant now,
            OperatorIdentity operator,
            List<HasMetadata> objects,
            List<Notice> notices,
            List<Secret> fresh) {
        this.fresh = List.copyOf(fresh);
        this.cluster = cluster;
        this.now = now;
        this.operator = operator;
        this.objects = List.copyOf(objects);
        this.notices = notices.stream()
                .sorted(Comparator.comparing(Notice::at).reversed())
                .toList();
        this.members = pods().filter(pod -> Metadata.owner(pod)
                        .map(o -> statefulSet()
                                .filter(s -> o.getUid().equals(s.getMetadata().getUid()))
                                .isPresent())
                        .orElse(statefulSet().isPresent()))
                .map(Member::of)
                .sorted(Comparator.comparingInt(Member::ordinal))
                .toList();
        this.lease = leaseObject().flatMap(LeaseDocument::read);
        this.settings = find(ConfigMap.class, names().settings()).flatMap(SettingsDocument::read);
    }

    /** Pods with the name of a member, whatever their owner. */
    public Stream<Pod> pods() {
        return all(Pod.class).filter(pod -> {
            String name = pod.getMetadata().getName();
            int ordinal = Names.ordinal(name);
            return ordinal >= 0 && name.equals(names().pod(ordinal));
        });
    }

    public PostgresCluster cluster() {
        return cluster;
    }

    public PostgresClusterSpec spec() {
        return cluster.getSpec();
    }

    public Optional<PostgresClusterStatus> status() {
        return Optional.ofNullable(cluster.getStatus());
    }

    public Instant now() {
        return now;
    }

    public OperatorIdentity operator() {
        return operator;
    }

    public Rendering rendering() {
        return new Rendering(cluster);
    }

    public Names names() {
        return new Names(cluster.getMetadata().getName());
    }

    public String uid() {
        return Objects.requireNonNullElse(cluster.getMetadata().getUid(), "");
    }

    /** Everything that was seen. */
    public List<HasMetadata> objects() {
        return objects;
    }

    /** Secrets to create or renew, with their new random content. */
    public List<Secret> fresh() {
        return fresh;
    }

    /** What Events say, the newest first. */
    List<Notice> notices() {
        return notices;
    }

    /** The newest Event about an object that has one of these reasons, or any reason if none is given. */
    public Optional<Notice> notice(String kind, String name, String... reasons) {
        return notices.stream()
                .filter(n -> n.kind().equals(kind) && n.name().equals(name))
                .filter(n -> reasons.length == 0 || List.of(reasons).contains(n.reason()))
                .findFirst();
    }

    <T extends HasMetadata> Stream<T> all(Class<T> type) {
        return objects.stream().filter(type::isInstance).map(type::cast);
    }

    public <T extends HasMetadata> Optional<T> find(Class<T> type, String name) {
        return all(type)
                .filter(object -> object.getMetadata().getName().equals(name))
                .findFirst();
    }

    /** The live object of the desired one's kind and name. */
    public Optional<HasMetadata> live(HasMetadata desired) {
        return objects.stream()
                .filter(object -> object.getKind().equals(desired.getKind())
                        && object.getMetadata()
                                .getName()
                                .equals(desired.getMetadata().getName()))
                .findFirst();
    }

    public Optional<StatefulSet> statefulSet() {
        return find(StatefulSet.class, names().statefulSet());
    }

    public int replicas() {
        return statefulSet()
                .map(s -> Objects.requireNonNullElse(s.getSpec().getReplicas(), 1))
                .orElse(0);
    }

    /** The pods that exist, by ordinal. */
    public List<Member> members() {
        return members;
    }

    public Optional<Member> member(int ordinal) {
        return members.stream().filter(m -> m.ordinal() == ordinal).findFirst();
    }

    public List<PersistentVolumeClaim> claims() {
        return all(PersistentVolumeClaim.class)
                .filter(claim -> ordinalOf(claim) >= 0)
                .sorted(Comparator.comparing(c -> c.getMetadata().getName()))
                .toList();
    }

    public Optional<PersistentVolumeClaim> claim(String name) {
        return find(PersistentVolumeClaim.class, name);
    }

    /** The ordinal of the member that a claim belongs to; -1 if it belongs to none. */
    public int ordinalOf(PersistentVolumeClaim claim) {
        String name = claim.getMetadata().getName();
        int ordinal = Names.ordinal(name);
        return ordinal >= 0 && (name.equals(names().dataClaim(ordinal)) || name.equals(names().walClaim(ordinal)))
                ? ordinal
                : -1;
    }

    public Optional<Lease> leaseObject() {
        return find(Lease.class, names().lease());
    }

    public Optional<ClusterLease> lease() {
        return lease;
    }

    /** Name of the pod that the Lease names as its holder, which may be dead by now; empty if nobody holds the Lease. */
    public Optional<String> holder() {
        return leaseObject()
                .map(l -> l.getSpec() == null ? null : l.getSpec().getHolderIdentity())
                .filter(identity -> !identity.isEmpty())
                .map(identity -> identity.split("/", 2)[0]);
    }

    /** Whether this cluster created or adopted a claim. */
    public boolean ours(PersistentVolumeClaim claim) {
        return Metadata.annotation(claim, Labels.CLUSTER_UID).equals(uid());
    }

    /** A condition as it was last reported. */
    public Optional<Condition> condition(String type) {
        return status().map(PostgresClusterStatus::conditions)
                .flatMap(told ->
                        told.stream().filter(c -> type.equals(c.getType())).findFirst());
    }

    /** Ordinals of the voters, the members that acknowledge commits, as the Lease has them. */
    public List<Integer> voters() {
        return lease.map(ClusterLease::sync).map(ClusterLease.Sync::voters).orElse(List.of());
    }

    /** Whether the cluster has a database system. From then on, none is ever created. */
    public boolean bootstrapped() {
        return lease.map(ClusterLease::systemIdentifier).isPresent();
    }

    /**
     * Whether this very cluster has, or had, a database system, even while its Lease is missing or unreadable. Only a cluster that never had one
     * may be treated as if nothing could be lost.
     */
    public boolean hadDatabase() {
        return bootstrapped()
                || status().map(PostgresClusterStatus::systemIdentifier).isPresent()
                || claims().stream()
                        .anyMatch(claim -> ours(claim)
                                && !Metadata.annotation(claim, Labels.SYSTEM_IDENTIFIER)
                                        .isEmpty());
    }

    /** Whether the cluster has ever had a primary that served. */
    public boolean served() {
        return hadDatabase()
                && (primary().isPresent()
                        || status().map(PostgresClusterStatus::version).isPresent());
    }

    /** The settings document as the agents see it. */
    public Optional<Settings> settings() {
        return settings;
    }

    /** Whether the operator must change nothing. */
    public boolean paused() {
        return Boolean.TRUE.equals(spec().paused());
    }

    /** Whether another member has taken the Lease since this member's last report. */
    boolean takenByOther(Member member) {
        return lease.filter(l -> l.epoch() > member.epoch()).isPresent()
                && holder().filter(holder -> !holder.equals(member.name())).isPresent();
    }

    /**
     * The member that serves as primary. If two claim to, it is the one of the higher epoch; a member whose Lease another one has taken does not
     * count.
     */
    public Optional<Member> primary() {
        return members.stream()
                .filter(Member::servesAsPrimary)
                .filter(member -> !takenByOther(member))
                .max(Comparator.comparingLong(Member::epoch));
    }

    public Optional<MemberReport> report(int ordinal) {
        return member(ordinal).flatMap(Member::report);
    }
}
