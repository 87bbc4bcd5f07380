package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.api.contract.Lsn;
import io.matriarch.instance.facts.End;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RewindableTest {
    private static final MemberFile MADE = MemberFile.of("shop/orders", "7300000000000000001", 17);
    private static final ControlData LOGGED = control(true);
    private static final ControlData NOT_LOGGED = control(false);

    @Test
    void ourOwnDataIsRewindableSinceItsBeginning() throws Exception {
        MemberFile started = starting(MADE, LOGGED, false);
        assertThat(started).isEqualTo(MADE);
        assertThat(Rewindable.to(1, started, LOGGED)).isTrue();
        assertThat(Rewindable.to(Long.MAX_VALUE - 1, started, NOT_LOGGED)).isFalse();
    }

    @Test
    void aPrimaryIsRewindableFromWhereItBeginsToLogHintBits() throws Exception {
        MemberFile started = starting(MADE, NOT_LOGGED, false);
        assertThat(Rewindable.to(0x5000, started, LOGGED)).isTrue();
        assertThat(Rewindable.to(0x4FFF, started, LOGGED)).isFalse();
        assertThat(starting(started, LOGGED, false)).as("the next start").isEqualTo(started);
    }

    @Test
    void aReplicaLearnsFromItsNextStart() throws Exception {
        MemberFile started = starting(MADE, NOT_LOGGED, true);
        assertThat(Rewindable.to(Lsn.parse("FFFF/0"), started, LOGGED)).isFalse();
        MemberFile again = starting(started, LOGGED, true);
        assertThat(Rewindable.to(0x2000, again, LOGGED)).isTrue();
        assertThat(Rewindable.to(0x1FFF, again, LOGGED)).isFalse();
    }

    @Test
    void aCopyHasNoWalBeforeItsCheckpoint() {
        MemberFile cloned = Rewindable.cloned(MADE, LOGGED);
        assertThat(Rewindable.to(0x1000, cloned, LOGGED)).isTrue();
        assertThat(Rewindable.to(0x0FFF, cloned, LOGGED)).isFalse();
        assertThat(Rewindable.to(0x1000, Rewindable.cloned(MADE, NOT_LOGGED), LOGGED))
                .isFalse();
    }

    @Test
    void aLongProgressDoesNotHideThatSomethingWasChanged() {
        List<String> progress = Collections.nCopies(200, "  1024/1048576 kB (0%) copied");
        assertThat(Rewind.changed(new Commands.Outcome(1, progress))).isTrue();
        assertThat(Rewind.changed(new Commands.Outcome(1, List.of("pg_rewind: error: could not connect"))))
                .isFalse();
        assertThat(Rewind.changed(new Commands.Outcome(1, List.of("pg_rewind: need to copy 7 MB"))))
                .isTrue();
        assertThat(Rewind.changed(new Commands.Outcome(0, List.of("pg_rewind: no rewind required"))))
                .isFalse();
        assertThat(Rewind.changed(new Commands.Outcome(0, List.of("pg_rewind: Done!"))))
                .isTrue();
    }

    private static MemberFile starting(MemberFile member, ControlData control, boolean replica) throws Exception {
        return Rewindable.starting(member, control, replica, () -> new End(1, 0x5000));
    }

    private static ControlData control(boolean hintsLogged) {
        return new ControlData(
                "7300000000000000001",
                "shut down in recovery",
                1,
                "0/2000",
                "0/1000",
                1,
                16 << 20,
                hintsLogged,
                Map.of());
    }
}
