package io.matriarch.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.matriarch.api.PostgresClusterStatus.Request.Outcome;
import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.RequestKind;
import io.matriarch.plan.status.StatusReport;
import io.matriarch.plan.step.Plan;
import io.matriarch.plan.view.Command;
import io.matriarch.render.SettingsDocument;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An operator that is killed at any write, again and again: a switchover, a rebuild and then fewer instances, the primary among those that leave.
 * Each pass carries out some of its writes and may lose its status; agents see what is there. The parameter is the seed.
 */
class AnyWriteIsLostTest {
    private static final int PASSES = 400;

    private final World world = World.made(3, "");
    /** How often each request came into the settings: a member that has forgotten it would do it again. */
    private final Map<String, Integer> ran = new HashMap<>();

    private Set<String> known = Set.of();
    private final Map<Integer, List<Map<String, String>>> answers = new HashMap<>();
    private int primary;
    private int members = 3;

    static Stream<Long> seeds() {
        return LongStream.range(0, 40).boxed();
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void eachCommandRunsOnceAndTheWorkIsDone(long seed) {
        Random random = new Random(seed);
        until(random, "the switchover", Labels.SWITCHOVER, "orders-2/a", () -> done("switchover:orders-2/a"));
        until(random, "the rebuild", Labels.REBUILD, "orders-0/a", () -> done("rebuild:orders-0/a"));
        world.cluster.setSpec(World.cluster(2, "").getSpec());
        until(
                random,
                "fewer members",
                Labels.REBUILD,
                "orders-0/a",
                () -> world.set().getSpec().getReplicas() == 2);
        assertThat(ran)
                .as("each once, and one hand-over so that orders-2 can leave")
                .isEqualTo(Map.of("switchover:orders-2/a", 1, "rebuild:orders-0/a", 1, "scale-down-1/1", 1));
        assertThat(primary).isLessThan(2);
        assertThat(world.objects).containsKeys("PersistentVolumeClaim/data-orders-2");
    }

    private boolean done(String id) {
        return Command.remembered(world.view()).values().stream()
                .anyMatch(r -> r.id().equals(id) && r.outcome() == Outcome.Done);
    }

    private void until(
            Random random, String what, String annotation, String value, java.util.function.BooleanSupplier over) {
        world.cluster.getMetadata().setAnnotations(Map.of(annotation, value));
        for (int pass = 0; pass < PASSES; pass++) {
            if (over.getAsBoolean() && asked().isEmpty()) {
                return;
            }
            world.now = world.now.plusSeconds(5);
            pass(random);
            if (random.nextInt(3) > 0) {
                agents();
            }
        }
        throw new AssertionError("%s is not done: %s, %s"
                .formatted(what, Command.remembered(world.view()).values(), world.plan()));
    }

    /** As a pass of the operator goes: writes in order, then the status. It may end anywhere. */
    private void pass(Random random) {
        Plan plan = world.plan();
        var status = StatusReport.of(world.view(), plan, List.of());
        int carriedOut = random.nextBoolean()
                ? plan.actions().size()
                : random.nextInt(plan.actions().size() + 1);
        world.apply(new Plan(
                plan.remember(), plan.actions().subList(0, carriedOut), plan.waits(), plan.recheck(), plan.findings()));
        world.observed("orders-r1", "orders-r1");
        Set<String> now = asked().stream().map(Settings.Request::id).collect(Collectors.toSet());
        now.stream().filter(id -> !known.contains(id)).forEach(id -> ran.merge(id, 1, Integer::sum));
        known = now;
        if (random.nextInt(3) > 0) {
            world.cluster.setStatus(status);
        }
    }

    private Settings settings() {
        return SettingsDocument.read((ConfigMap) Optional.ofNullable(world.objects.get("ConfigMap/orders-settings"))
                        .orElseThrow())
                .orElseThrow();
    }

    private List<Settings.Request> asked() {
        return settings().requests();
    }

    /** Each does what it is asked to do for the first time, and answers as long as it is asked. */
    private void agents() {
        for (Settings.Request request : asked()) {
            if (answers.values().stream()
                    .flatMap(List::stream)
                    .noneMatch(a -> request.id().equals(a.get("id")))) {
                int to = Optional.ofNullable(request.to()).orElse(0);
                if (request.kind() == RequestKind.Switchover) {
                    primary = to;
                }
                answers.computeIfAbsent(to, any -> new ArrayList<>())
                        .add(Map.of("id", request.id(), "outcome", "Done", "message", "it is done"));
            }
        }
        int left = settings().instances();
        if (left < members && primary < left) {
            members = left;
        }
        world.lease(primary, members);
        for (int ordinal = 0; ordinal < 3; ordinal++) {
            int pod = ordinal;
            if (ordinal >= world.set().getSpec().getReplicas()) {
                world.objects.remove("Pod/" + World.NAMES.pod(ordinal));
                continue;
            }
            Map<String, Object> report = new HashMap<>();
            report.put("v", 1);
            report.put("role", ordinal >= members ? "None" : ordinal == primary ? "Primary" : "Replica");
            report.put("state", ordinal >= members ? "Stopped" : ordinal == primary ? "Running" : "Streaming");
            report.put("epoch", 1);
            report.put("volume", "Data");
            report.put("systemIdentifier", World.SYSTEM);
            report.put("settings", settings().revision());
            if (ordinal == primary) {
                report.put(
                        "members",
                        java.util.stream.IntStream.range(0, members).boxed().toList());
            }
            report.put(
                    "answers",
                    answers.getOrDefault(pod, List.of()).stream()
                            .filter(a -> asked().stream().anyMatch(r -> r.id().equals(a.get("id"))))
                            .toList());
            world.pod(ordinal, "orders-r1", ordinal < members, report);
        }
    }
}
