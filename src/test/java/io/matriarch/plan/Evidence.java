package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.matriarch.api.PostgresCluster;
import io.matriarch.api.PostgresClusterStatus;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.Role;
import io.matriarch.api.contract.MemberReport.State;
import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.testkit.Kstatus;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a status says, held against what can be seen: written anew from the objects alone, without the code that makes the status. */
final class Evidence {
    private static final List<String> TYPES = List.of(
            "Ready",
            "Reconciling",
            "Stalled",
            "ReplicationHealthy",
            "SynchronousReplication",
            "VolumesHealthy",
            "ConfigurationAccepted",
            "PendingRestart",
            "UpgradePending");

    private final World world;
    private final ClusterView view;
    private final PostgresClusterStatus status;
    private final Map<String, Condition> conditions;

    private Evidence(World world) {
        this.world = world;
        this.view = world.view();
        this.status = StatusReport.of(view, world.plan(), List.of());
        this.conditions = Optional.ofNullable(status.conditions()).orElse(List.of()).stream()
                .collect(Collectors.toMap(Condition::getType, Function.identity()));
    }

    static PostgresClusterStatus of(World world) {
        Evidence evidence = new Evidence(world);
        evidence.told();
        evidence.members();
        evidence.kstatus();
        evidence.claims();
        return evidence.status;
    }

    private Condition condition(String type) {
        return Objects.requireNonNull(conditions.get(type));
    }

    private boolean says(String type, String value) {
        return value.equals(condition(type).getStatus());
    }

    private void told() {
        assertThat(conditions.keySet()).containsExactlyInAnyOrderElementsOf(TYPES);
        conditions.values().forEach(c -> {
            assertThat(c.getStatus()).isIn("True", "False", "Unknown");
            assertThat(c.getReason()).as("a reason is a word: %s", c).matches("[A-Z][A-Za-z]+");
            if (c.getStatus().equals("Unknown")) {
                assertThat(c.getMessage()).as("%s says why", c).isNotBlank();
            }
        });
    }

    private void members() {
        List<PostgresClusterStatus.Member> members = Objects.requireNonNull(status.members());
        assertThat(members).filteredOn(m -> "Primary".equals(m.role())).hasSizeLessThanOrEqualTo(1);
        assertThat(members)
                .filteredOn(m -> "Primary".equals(m.role()))
                .allMatch(m -> m.name().equals(status.primary()) && Boolean.TRUE.equals(m.ready()));
        assertThat(members)
                .filteredOn(m -> "Unreachable".equals(m.state()))
                .allMatch(m -> m.role() == null && m.since() != null && m.pendingRestart() == null);
        assertThat(members).filteredOn(m -> !"Unreachable".equals(m.state())).allMatch(m -> m.since() == null);
    }

    private void kstatus() {
        PostgresCluster told = Serialization.clone(world.cluster);
        told.setStatus(status);
        Kstatus result = Kstatus.of(told);
        if (says("Stalled", "True")) {
            assertThat(result).as("stalled").isEqualTo(Kstatus.Failed);
            assertThat(says("Reconciling", "True")).isFalse();
        }
        assertThat(result == Kstatus.Current)
                .as("current: %s", conditions.values())
                .isEqualTo(says("Ready", "True") && says("Reconciling", "False") && says("Stalled", "False"));
        if (result == Kstatus.InProgress && !view.paused()) {
            assertThat(says("Reconciling", "True"))
                    .as("something is being done")
                    .isTrue();
        }
        if (condition("Reconciling").getReason().equals("Settled")) {
            assertThat(world.plan().actions()).isEmpty();
            assertThat(says("PendingRestart", "True") || says("UpgradePending", "True"))
                    .as("all is as the spec says")
                    .isFalse();
        }
    }

    private void claims() {
        boolean replicas = primary().isPresent();
        boolean settings = view.replicas() > 0;
        boolean bound = view.replicas() > 0;
        boolean fenced = Optional.ofNullable(view.spec().fencedInstances()).orElse(List.of()).stream()
                .findAny()
                .isPresent();
        for (int ordinal = 0; ordinal < view.replicas(); ordinal++) {
            Optional<MemberReport> report = speaks(ordinal);
            boolean streams = report.filter(r -> r.state() == State.Streaming).isPresent()
                    && view.member(ordinal).orElseThrow().ready();
            boolean excused = fenced || ordinal >= view.spec().instances();
            replicas &= excused || streams || view.member(ordinal).equals(primary());
            settings &= excused
                    || report.filter(r -> Configuration.wanted(view).revision().equals(r.settings()))
                            .isPresent();
            bound &= view.claim("data-orders-" + ordinal)
                    .map(PersistentVolumeClaim::getStatus)
                    .filter(s -> "Bound".equals(s.getPhase()))
                    .isPresent();
        }
        assertThat(replicas || !says("ReplicationHealthy", "True"))
                .as("each replica streams")
                .isTrue();
        assertThat(primary().isPresent() || says("SynchronousReplication", "Unknown"))
                .as("only a primary knows")
                .isTrue();
        assertThat(settings || !says("ConfigurationAccepted", "True"))
                .as("each member uses the settings")
                .isTrue();
        assertThat(settings || !says("PendingRestart", "False") || says("ConfigurationAccepted", "Unknown"))
                .as("nothing waits for a restart")
                .isTrue();
        assertThat(bound || !says("VolumesHealthy", "True")).as("bound").isTrue();
        assertThat(!says("Ready", "True")
                        || (primary().isPresent()
                                && view.members().size() == view.spec().instances()
                                && view.members().stream().allMatch(Member::ready)))
                .as("all serve")
                .isTrue();
    }

    private Optional<Member> primary() {
        return view.members().stream()
                .filter(m -> m.name().equals(status.primary()))
                .filter(m -> m.ready()
                        && m.report().filter(r -> r.role() == Role.Primary).isPresent())
                .findFirst();
    }

    /** What a member says whose node answers and whose container runs. */
    private Optional<MemberReport> speaks(int ordinal) {
        return view.member(ordinal)
                .filter(m -> m.pod().getSpec().getNodeName() == null)
                .filter(m -> m.pod().getStatus().getContainerStatuses().stream()
                        .allMatch(c -> c.getState().getRunning() != null))
                .flatMap(Member::report);
    }
}
