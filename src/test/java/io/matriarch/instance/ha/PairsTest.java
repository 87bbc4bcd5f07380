package io.matriarch.instance.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.instance.ha.sim.Pairs;
import io.matriarch.instance.ha.sim.Pairs.Cell;
import io.matriarch.instance.ha.sim.Pairs.Trouble;
import io.matriarch.instance.ha.sim.Parts;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every two faults of docs/high-availability.md, in both orders and 0 to 10 s apart: nothing is lost, the cluster comes together again, and who can
 * serve does. {@code bench/simulate --pairs} prints the whole matrix; the seeds are fixed here.
 */
@Tag("long")
class PairsTest {
    private static final Set<Trouble> WITHOUT_API = EnumSet.of(
            Trouble.API_STOPPED,
            Trouble.API_SILENT,
            Trouble.API_FROZEN,
            Trouble.RELEASE_REFUSED,
            Trouble.RELEASE_LOST,
            Trouble.RELEASE_LATE,
            Trouble.RELEASE_UNHEARD);
    /** Faults that leave three healthy members, of which nobody need be elected. */
    private static final Set<Trouble> HARMLESS = EnumSet.of(Trouble.REPLICA_FROZEN, Trouble.CUT_FROM_API);

    private static final List<Cell> CELLS = Pairs.all(Parts.REAL, 1, 2);

    @Test
    void nothingIsLostAndTheClusterComesTogether() {
        System.out.println(Pairs.matrix(CELLS));
        assertThat(CELLS.stream()
                        .flatMap(cell -> cell.broken().stream()
                                .map(broken -> cell + ": " + broken.violation().orElseThrow())))
                .isEmpty();
    }

    /** The release of a holder whose PostgreSQL ended reaches nobody, or its answer nobody: it is started again in place, by the others' promises. */
    @Test
    void postgresEndsWhileTheApiServerGoesAwayAndIsBackWithinSixSeconds() {
        assertThat(cells(WITHOUT_API, EnumSet.of(Trouble.POSTGRES_KILLED)))
                .hasSize(WITHOUT_API.size())
                .allSatisfy(cell -> assertThat(cell.worst()).as(cell.toString()).isLessThanOrEqualTo(6_000));
        // Only when nobody was left to take the Lease once it was given back and that was heard of, nobody can.
        assertThat(cells(
                        EnumSet.of(Trouble.POSTGRES_KILLED),
                        EnumSet.range(Trouble.RELEASE_REFUSED, Trouble.RELEASE_UNHEARD)))
                .allSatisfy(cell -> assertThat(cell.worst()).as(cell.toString()).isLessThanOrEqualTo(6_000));
    }

    /**
     * Most are over within nine seconds. One in twenty-five schedules waits until the API server is back (after 20 seconds): the member that the
     * Lease is handed to may have learned of it, and promises nothing.
     */
    @Test
    void aHandOverThatTheApiServerDoesNotSeeIsOverSoonAfterItIsBack() {
        assertThat(cells(WITHOUT_API, EnumSet.of(Trouble.SWITCHOVER)))
                .allSatisfy(cell -> assertThat(cell.worst()).as(cell.toString()).isLessThanOrEqualTo(26_000));
    }

    @Test
    void anApiServerThatIsAwayAloneStopsNobody() {
        assertThat(cells(WITHOUT_API, HARMLESS))
                .allSatisfy(cell -> assertThat(cell.worst()).as(cell.toString()).isLessThanOrEqualTo(1_000));
    }

    private static List<Cell> cells(Set<Trouble> first, Set<Trouble> second) {
        return CELLS.stream()
                .filter(cell -> first.contains(cell.first()) && second.contains(cell.second()))
                .toList();
    }
}
