package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What each job does to the server: the compiler asks for one effect, this for the right one. */
class JobTest {
    private static final List<Job> ALL = List.of(
            new Job.Inspect(),
            new Job.Measure(),
            new Job.Initdb(),
            new Job.Clone("10.0.0.10", "7"),
            new Job.Discard(),
            new Job.StartPrimary(3),
            new Job.StartReplica(null),
            new Job.Follow("10.0.0.10"),
            new Job.Pledge("7"),
            new Job.Promote(4, 2),
            new Job.ReadHistory("10.0.0.10", 2),
            new Job.Rewind("10.0.0.10", 2),
            new Job.Synchronize(1, List.of(0, 1, 2)),
            new Job.Confirm(1, List.of(0, 1, 2)),
            new Job.HandOver(List.of(1)),
            new Job.OpenGate(),
            new Job.BeginReign(4, 2),
            new Job.Apply("r"),
            new Job.KeepSlots(List.of(1), List.of()),
            new Job.CopySlots(0),
            new Job.SetPasswords(),
            new Job.Stop());

    @Test
    void eachJobIsHere() {
        assertThat(ALL.stream().map(Object::getClass))
                .containsExactlyInAnyOrderElementsOf(leaves(Job.class).toList());
    }

    private static Stream<Class<?>> leaves(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(JobTest::leaves)
                : Stream.of(type);
    }

    @Test
    void whatAServerIsThereForAfterwards() {
        assertThat(which(Job::starts)).containsExactly("StartPrimary", "StartReplica", "Promote");
        assertThat(which(job -> job instanceof Job.StartsPrimary)).containsExactly("StartPrimary", "Promote");
    }

    @Test
    void whatIsNoReasonForAServerToEnd() {
        assertThat(which(job -> !job.leavesTheServerAlone()))
                .containsExactly(
                        "Initdb",
                        "Clone",
                        "Discard",
                        "StartPrimary",
                        "StartReplica",
                        "Promote",
                        "Rewind",
                        "HandOver",
                        "Stop");
    }

    @Test
    void afterWhichNothingOfAFormerPrimaryIsLeft() {
        assertThat(which(Job::endsPrimary)).containsExactly("Discard", "StartReplica", "Rewind", "HandOver", "Stop");
    }

    @Test
    void duringWhichThereIsNoServerToAsk() {
        assertThat(which(Job::changesTheData)).containsExactly("Initdb", "Clone", "Discard", "Rewind");
    }

    @Test
    void whatIsInterruptedWhenThePodEnds() {
        assertThat(which(Job::mayBeCutShort))
                .containsExactly("Initdb", "Clone", "StartPrimary", "StartReplica", "Promote", "Confirm");
    }

    private static List<String> which(Predicate<Job> such) {
        return ALL.stream()
                .filter(such)
                .map(job -> job.getClass().getSimpleName())
                .toList();
    }
}
