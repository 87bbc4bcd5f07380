package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.matriarch.api.PostgresClusterStatus.Request;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Json;
import io.matriarch.plan.step.Plan;
import io.matriarch.render.SettingsDocument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Commands: asked once, answered once, and remembered before they are forgotten. */
class RequestsTest {
    /** One pass whose writes all succeed; the status that it leaves. */
    private static List<Request> pass(World world) {
        Plan plan = world.plan();
        world.cluster.setStatus(StatusReport.of(world.view(), plan, List.of()));
        world.apply(plan);
        return Optional.ofNullable(world.cluster.getStatus().requests()).orElse(List.of());
    }

    private static List<Settings.Request> asked(World world) {
        return SettingsDocument.read((ConfigMap) Optional.ofNullable(world.objects.get("ConfigMap/orders-settings"))
                        .orElseThrow())
                .orElseThrow()
                .requests();
    }

    private static World commanded(int instances, String annotation, String value) {
        World world = World.made(instances, "");
        command(world, annotation, value);
        return world;
    }

    private static void command(World world, String annotation, String value) {
        world.cluster.getMetadata().setAnnotations(value.isEmpty() ? Map.of() : Map.of(annotation, value.strip()));
    }

    /** The agent of a pod answers. */
    private static void answer(World world, int ordinal, String id, String outcome) {
        Pod pod = (Pod)
                Optional.ofNullable(world.objects.get("Pod/orders-" + ordinal)).orElseThrow();
        Map<String, Object> report = report(pod);
        report.put("answers", List.of(Map.of("id", id, "outcome", outcome, "message", "said by " + ordinal)));
        pod.getMetadata().setAnnotations(Map.of(Labels.REPORT, Json.text(report)));
    }

    private static void forget(World world, int ordinal) {
        Pod pod = (Pod)
                Optional.ofNullable(world.objects.get("Pod/orders-" + ordinal)).orElseThrow();
        Map<String, Object> report = report(pod);
        report.remove("answers");
        pod.getMetadata().setAnnotations(Map.of(Labels.REPORT, Json.text(report)));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> report(Pod pod) {
        try {
            return new HashMap<String, Object>(
                    Json.MAPPER.readValue(pod.getMetadata().getAnnotations().get(Labels.REPORT), Map.class));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aSwitchoverIsAskedAnsweredRememberedAndTakenBack() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a");
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Accepted);
        assertThat(asked(world))
                .containsExactly(new Settings.Request(RequestKind.Switchover, "switchover:orders-1/a", 1));
        assertThat(world.plan().actions()).as("while nobody answers").isEmpty();
        answer(world, 0, "switchover:orders-1/a", "Done");
        assertThat(pass(world)).singleElement().satisfies(r -> {
            assertThat(r.outcome()).isEqualTo(Outcome.Done);
            assertThat(r.message()).isEqualTo("said by 0");
        });
        assertThat(asked(world)).as("the status first").hasSize(1);
        pass(world);
        assertThat(asked(world)).isEmpty();
        assertThat(pass(world)).hasSize(1);
        assertThat(world.plan().actions()).isEmpty();
    }

    @Test
    void anAnswerIsNotLostWithTheStatusThatWasNotWritten() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a");
        world.apply(world.plan());
        answer(world, 0, "switchover:orders-1/a", "Refused");
        world.apply(world.plan());
        world.apply(world.plan());
        assertThat(asked(world)).as("kept until the status has the answer").hasSize(1);
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Refused);
    }

    @Test
    void anIdOfOnesOwnRunsOnceForEver() {
        World world = commanded(3, Labels.SWITCHOVER, "/a");
        pass(world);
        answer(world, 0, "switchover:/a", "Done");
        pass(world);
        pass(world);
        forget(world, 0);
        command(world, Labels.SWITCHOVER, "");
        pass(world);
        command(world, Labels.SWITCHOVER, "/a");
        pass(world);
        assertThat(asked(world)).as("applied again").isEmpty();
        command(world, Labels.SWITCHOVER, "/b");
        pass(world);
        assertThat(asked(world)).containsExactly(new Settings.Request(RequestKind.Switchover, "switchover:/b", null));
    }

    @Test
    void aSwitchoverMayEndSessionsWhenTheAnnotationSaysSo() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a endSessions");
        pass(world);
        assertThat(asked(world))
                .containsExactly(
                        new Settings.Request(RequestKind.Switchover, "switchover:orders-1/a endSessions", 1, true));
    }

    @Test
    void withoutAnIdACommandIsRememberedAsLongAsItsAnnotationIsThere() {
        World world = commanded(3, Labels.REBUILD, "orders-2");
        pass(world);
        answer(world, 2, "rebuild:orders-2", "Done");
        pass(world);
        pass(world);
        command(world, Labels.REBUILD, "");
        assertThat(pass(world)).isEmpty();
        command(world, Labels.REBUILD, "orders-2");
        assertThat(pass(world)).as("the former answer is still in the report").isEmpty();
        assertThat(asked(world)).isEmpty();
        forget(world, 2);
        pass(world);
        assertThat(asked(world)).containsExactly(new Settings.Request(RequestKind.Rebuild, "rebuild:orders-2", 2));
    }

    @Test
    void whatIsTakenBackIsNoLongerAsked() {
        World world = commanded(3, Labels.REBUILD, "orders-2/a");
        pass(world);
        command(world, Labels.REBUILD, "");
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Withdrawn);
        assertThat(asked(world)).isEmpty();
        answer(world, 2, "rebuild:orders-2/a", "Done");
        assertThat(pass(world))
                .as("it was begun before")
                .extracting(Request::outcome)
                .containsExactly(Outcome.Done);
    }

    @Test
    void nothingIsForcedOnceAPrimaryServesAgain() {
        World world = commanded(3, Labels.FORCE_FAILOVER, "a");
        world.pod(0, "orders-r1", false, "None");
        pass(world);
        assertThat(asked(world))
                .containsExactly(new Settings.Request(RequestKind.ForceFailover, "force-failover:a", null));
        world.pod(0, "orders-r1", true, "Primary");
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Withdrawn);
        assertThat(asked(world)).isEmpty();
        world.pod(0, "orders-r1", false, "None");
        pass(world);
        assertThat(asked(world)).as("not at the next outage either").isEmpty();
    }

    private static Arguments row(String annotation, String value, Consumer<World> make, String why) {
        return Arguments.of(annotation, value, make, why);
    }

    private static void fence(World world, String list) {
        world.cluster = World.cluster(3, "fencedInstances: " + list);
        world.apply(world.plan());
    }

    /** Fewer instances are wanted, and the member on top is needed until orders-1 streams. */
    private static void shrinks(World world) {
        world.cluster = World.cluster(2, "replication: {acknowledgements: 1}");
        world.pod(1, "orders-r1", true, "None");
        world.apply(world.plan());
    }

    private static void mistaken(World world) {
        world.cluster = World.cluster(3, "postgres: {hba: [\"host all\\nall\"]}");
    }

    private static void allFenced(World world) {
        fence(world, "['*']");
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.pod(ordinal, "orders-r1", false, "None");
        }
    }

    private static void leaseless(World world) {
        world.objects.remove("Lease/orders");
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            world.pod(ordinal, "orders-r1", true, "Replica");
        }
    }

    static Stream<Arguments> refused() {
        Consumer<World> asItIs = w -> {};
        Consumer<World> headless = w -> w.pod(0, "orders-r1", false, "None");
        return Stream.of(
                row(Labels.SWITCHOVER, "orders-3", asItIs, "its members are orders-0 to orders-2"),
                row(Labels.SWITCHOVER, "other-1", asItIs, "other-1 is no member"),
                row(Labels.SWITCHOVER, "orders-01/x", asItIs, "orders-01 is no member"),
                row(Labels.SWITCHOVER, "orders-0/x", asItIs, "is the primary already"),
                row(Labels.SWITCHOVER, "orders-1", w -> w.objects.remove("Pod/orders-1"), "does not exist"),
                row(Labels.SWITCHOVER, "orders-1", w -> fence(w, "[1]"), "orders-1 is fenced"),
                row(Labels.SWITCHOVER, "orders-1", w -> w.pod(1, "orders-r1", true, "None"), "once it streams"),
                row(Labels.SWITCHOVER, "orders-1", w -> w.pod(1, "orders-r1", false, "Replica"), "once it streams"),
                row(Labels.SWITCHOVER, "orders-1", headless, "no member serves as primary"),
                row(
                        Labels.SWITCHOVER,
                        "/x",
                        w -> {
                            w.pod(1, "orders-r1", false, "None");
                            w.pod(2, "orders-r1", false, "None");
                        },
                        "no member could take over"),
                row(Labels.REBUILD, "orders-0", asItIs, "is the primary; switch over"),
                row(Labels.REBUILD, "/x", asItIs, "name the member"),
                row(Labels.REBUILD, "orders-7", asItIs, "is no member"),
                row(Labels.REBUILD, "orders-2", w -> fence(w, "['*']"), "is fenced"),
                row(Labels.REBUILD, "orders-2", headless, "nothing to clone from"),
                row(Labels.REBUILD, "orders-0", headless, "is the primary"),
                row(Labels.SWITCHOVER, "orders-2/x", RequestsTest::shrinks, "orders-2 is about to be removed"),
                row(Labels.SWITCHOVER, " ", asItIs, "the annotation is empty"),
                row(Labels.REBUILD, " ", asItIs, "the annotation is empty"),
                row(Labels.REBUILD, "orders-2", w -> w.pod(1, "orders-r1", true, "None"), "commits would wait"),
                row(Labels.REBUILD, "orders-1", w -> w.lease(1, 3), "holds the Lease"),
                row(Labels.REBUILD, "orders-1", RequestsTest::mistaken, "spec.postgres.hba[0]"),
                row(Labels.FORCE_FAILOVER, " ", headless, "the annotation is empty; give an id"),
                row(Labels.FORCE_FAILOVER, "orders-1", headless, "not orders-1"),
                row(Labels.FORCE_FAILOVER, "orders-1/x", headless, "of your choice"),
                row(Labels.FORCE_FAILOVER, "x", w -> allFenced(w), "every member is fenced"),
                row(Labels.FORCE_FAILOVER, "x", RequestsTest::leaseless, "the cluster's Lease is missing"),
                row(Labels.FORCE_FAILOVER, "x", asItIs, "orders-0 serves as primary"));
    }

    @ParameterizedTest(name = "{0}={1}: {3}")
    @MethodSource("refused")
    void whatCannotBeIsRefusedAndNeverAsked(String annotation, String value, Consumer<World> make, String why) {
        World world = World.made(3, "");
        make.accept(world);
        command(world, annotation, value);
        assertThat(pass(world)).singleElement().satisfies(r -> {
            assertThat(r.outcome()).isEqualTo(Outcome.Refused);
            assertThat(r.message()).contains(why);
        });
        assertThat(asked(world)).isEmpty();
    }

    @Test
    void whoseDataIsBrokenCanBeRebuiltWhenNothingIsLostByIt() {
        World world = World.made(3, "");
        world.pod(1, "orders-r1", true, "None");
        command(world, Labels.REBUILD, "orders-1/a");
        pass(world);
        assertThat(asked(world)).as("it acknowledges nothing now").hasSize(1);
        World degrading = World.made(3, "replication: {whenUnavailable: Degrade}");
        degrading.pod(1, "orders-r1", true, "None");
        command(degrading, Labels.REBUILD, "orders-2/a");
        pass(degrading);
        assertThat(asked(degrading)).as("the user accepts it").hasSize(1);
    }

    /** The primary was lost after it had been asked. Nobody is surprised by a hand-over hours later. */
    @Test
    void aSwitchoverThatNobodyBeginsInTimeIsTakenBack() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a");
        pass(world);
        assertThat(world.plan().waits()).anyMatch(w -> w.contains("an answer to switchover:orders-1/a"));
        world.pod(0, "orders-r1", false, "None");
        world.now = World.NOW.plusSeconds(119);
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Accepted);
        world.now = World.NOW.plusSeconds(120);
        assertThat(pass(world)).singleElement().satisfies(r -> {
            assertThat(r.outcome()).isEqualTo(Outcome.Withdrawn);
            assertThat(r.message()).contains("no member answered within 2 minutes");
        });
        assertThat(asked(world)).isEmpty();
        world.pod(0, "orders-r1", true, "Primary");
        pass(world);
        assertThat(asked(world)).isEmpty();
    }

    @Test
    void aSwitchoverThatWasBegunIsWaitedFor() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a");
        pass(world);
        world.handoff(1, "switchover:orders-1/a");
        world.now = World.NOW.plusSeconds(600);
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Accepted);
        assertThat(asked(world)).hasSize(1);
        answer(world, 1, "switchover:orders-1/a", "Done");
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Done);
    }

    @Test
    void aRebuildMayTakeLong() {
        World world = commanded(3, Labels.REBUILD, "orders-2/a");
        pass(world);
        world.now = World.NOW.plusSeconds(36_000);
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Accepted);
        assertThat(asked(world)).hasSize(1);
    }

    /** A primary that never agrees is asked ever less often, and pushes nobody's commands out of memory. */
    @Test
    void aRefusedHandOverIsAskedEverLessOften() {
        World world = World.made(3, "");
        world.pod(0, "orders-r1", true, "Replica");
        world.lease(2, 3);
        world.pod(2, "orders-r1", true, "Primary");
        world.settle();
        command(world, Labels.SWITCHOVER, "orders-9/mine");
        pass(world);
        command(world, Labels.SWITCHOVER, "");
        world.cluster.setSpec(World.cluster(2, "").getSpec());
        List<Long> asked = new java.util.ArrayList<>();
        java.util.Set<String> stories = new java.util.HashSet<>();
        java.util.Set<String> seen = new java.util.HashSet<>();
        for (long second = 0; second < 3600; second += 15) {
            world.now = World.NOW.plusSeconds(second);
            pass(world);
            for (Settings.Request request : asked(world)) {
                if (seen.add(request.id())) {
                    asked.add(second);
                }
                answer(world, 2, request.id(), "Refused");
            }
            world.plan().findings().stream()
                    .filter(f -> f.reason().equals("PrimaryWouldLeave"))
                    .forEach(f -> stories.add(f.message()));
        }
        assertThat(asked).hasSize(8);
        assertThat(asked.get(1) - asked.get(0)).isLessThanOrEqualTo(60);
        assertThat(asked.getLast() - asked.get(asked.size() - 2)).isBetween(900L, 1000L);
        assertThat(stories).as("one before the first answer, one after it").hasSize(2);
        assertThat(stories)
                .anyMatch(s -> s.contains("the last attempt: said by 2. It is asked again, ever less often"));
        assertThat(pass(world))
                .extracting(Request::id)
                .contains("switchover:orders-9/mine")
                .hasSize(2);
    }

    @Test
    void aRefusalStandsWhenThingsChange() {
        World world = World.made(3, "");
        world.pod(1, "orders-r1", false, "None");
        command(world, Labels.SWITCHOVER, "orders-1");
        pass(world);
        world.pod(1, "orders-r1", true, "Replica");
        assertThat(pass(world)).extracting(Request::outcome).containsExactly(Outcome.Refused);
        assertThat(asked(world)).isEmpty();
    }

    @Test
    void onlyTheNewestAreRemembered() {
        World world = World.made(3, "");
        for (int n = 0; n < 20; n++) {
            command(world, Labels.SWITCHOVER, "orders-9/" + n);
            pass(world);
        }
        assertThat(pass(world)).hasSize(9).last().extracting(Request::id).isEqualTo("switchover:orders-9/19");
    }

    /** The primary on top hands over to a member that stays; then the scaling goes on. */
    @Test
    void fewerInstancesMoveThePrimaryFirst() {
        World world = World.made(3, "");
        world.pod(0, "orders-r1", true, "Replica");
        world.lease(2, 3);
        world.pod(2, "orders-r1", true, "Primary");
        world.settle();
        world.cluster = World.cluster(2, "");
        pass(world);
        assertThat(asked(world)).containsExactly(new Settings.Request(RequestKind.Switchover, "scale-down-1/1", 0));
        assertThat(world.plan().findings()).anySatisfy(f -> {
            assertThat(f.reason()).isEqualTo("PrimaryWouldLeave");
            assertThat(f.message()).contains("orders-0 is asked to take over first");
        });
        world.pod(0, "orders-r1", false, "None");
        pass(world);
        assertThat(asked(world)).as("the same words as long as it is asked").hasSize(1);
        assertThat(asked(world).getFirst().to()).isZero();
        world.pod(0, "orders-r1", true, "Replica");
        answer(world, 2, "scale-down-1/1", "Refused");
        pass(world);
        pass(world);
        assertThat(asked(world)).as("not again at once").isEmpty();
        world.now = World.NOW.plusSeconds(31);
        pass(world);
        assertThat(asked(world)).containsExactly(new Settings.Request(RequestKind.Switchover, "scale-down-1/2", 0));
        world.lease(0, 3);
        world.pod(0, "orders-r1", true, "Primary");
        world.pod(2, "orders-r1", true, "Replica");
        answer(world, 2, "scale-down-1/2", "Done");
        pass(world);
        pass(world);
        assertThat(asked(world)).isEmpty();
        world.settle();
        assertThat(SettingsDocument.read((ConfigMap) Optional.ofNullable(world.objects.get("ConfigMap/orders-settings"))
                                .orElseThrow())
                        .orElseThrow()
                        .instances())
                .isEqualTo(2);
    }

    /** Down to one of four: ordinal 1 streams, and would leave next. */
    @Test
    void nobodyWhoLeavesTooIsAskedToTakeOver() {
        World world = World.made(4, "");
        world.pod(0, "orders-r1", false, "None");
        world.lease(3, 4);
        world.pod(3, "orders-r1", true, "Primary");
        world.settle();
        world.cluster = World.cluster(1, "");
        pass(world);
        assertThat(asked(world)).isEmpty();
        assertThat(world.plan().findings())
                .anySatisfy(f -> assertThat(f.message()).contains("no remaining replica streams"));
    }

    @Test
    void aPausedClusterRefusesOnce() {
        World world = commanded(3, Labels.SWITCHOVER, "orders-1/a");
        var paused = World.cluster(3, "paused: true");
        paused.getMetadata().setAnnotations(world.cluster.getMetadata().getAnnotations());
        world.cluster = paused;
        var status = StatusReport.of(world.view(), world.plan(), List.of());
        world.cluster.setStatus(status);
        assertThat(status.requests()).singleElement().satisfies(r -> {
            assertThat(r.outcome()).isEqualTo(Outcome.Refused);
            assertThat(r.message()).contains("paused");
        });
        world.now = World.NOW.plusSeconds(60);
        assertThat(StatusReport.of(world.view(), world.plan(), List.of())).isEqualTo(status);
        pass(world);
        assertThat(asked(world)).isEmpty();
    }
}
