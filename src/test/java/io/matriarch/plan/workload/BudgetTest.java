package io.matriarch.plan.workload;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.plan.workload.Budget.Disruption;
import io.matriarch.plan.workload.Budget.Obstacle;
import io.matriarch.plan.workload.Budget.Standing;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The disruption budget, row by row. Sets of members are written as digits: "12" is members 1 and 2. */
class BudgetTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            # what,                                              member, leader, holder, following, fewer needed, obstacle
            the top leaves while two others follow,                   3,      0,      0,       123,            1,
            as many follow as will be needed,                         2,      0,      0,        12,            1,
            of those that follow only the top one does,               2,      0,      0,         2,            1, TooFewFollow
            nothing waits for followers,                              1,      0,      0,         1,            0,
            it leads,                                                 2,      2,      2,        01,            1, Leads
            it held the lead last and the next one is not seen yet,   2,      0,      2,         1,            1, Leads
            nobody leads,                                             2,       ,      0,        12,            1, NoLeader
            nobody leads and it held the lead last,                   2,       ,      2,        01,            1, NoLeader
            """)
    void leaves(
            String what,
            int member,
            @Nullable Integer leader,
            @Nullable Integer holder,
            @Nullable String following,
            int fewerNeeded,
            @Nullable Obstacle obstacle) {
        Standing standing = new Standing(
                3,
                1,
                Optional.ofNullable(leader),
                Optional.ofNullable(holder),
                Set.of(),
                Set.of(),
                Set.of(),
                set(following),
                Set.of(),
                Set.of(),
                2,
                fewerNeeded,
                true);

        assertThat(Budget.obstacle(standing, member, Disruption.Leave)).isEqualTo(Optional.ofNullable(obstacle));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            # what,                                              member, leader, holder, following, needed, waits, obstacle
            enough others follow,                                     2,      0,      0,        12,      1,  true,
            too few others follow,                                    2,      0,      0,        12,      2,  true, TooFewFollow
            too few others follow and commits go on,                  2,      0,      0,        12,      2, false,
            it does not follow anyway,                                2,      0,      0,         1,      2,  true,
            it leads,                                                 0,      0,      0,        12,      1,  true, Leads
            it held the lead last,                                    0,      1,      0,         2,      1,  true, Holds
            it held the lead last and nobody leads,                   0,       ,      0,        12,      1,  true, Holds
            nobody leads,                                             2,       ,      0,        12,      1,  true, NoLeader
            """)
    void isRebuilt(
            String what,
            int member,
            @Nullable Integer leader,
            @Nullable Integer holder,
            @Nullable String following,
            int needed,
            boolean waits,
            @Nullable Obstacle obstacle) {
        Standing standing = new Standing(
                3,
                3,
                Optional.ofNullable(leader),
                Optional.ofNullable(holder),
                Set.of(),
                Set.of(),
                Set.of(),
                set(following),
                Set.of(),
                Set.of(),
                needed,
                0,
                waits);

        assertThat(Budget.obstacle(standing, member, Disruption.Rebuild)).isEqualTo(Optional.ofNullable(obstacle));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            # what,                                              pods, member, holder, claimants, leading, running, following, fenced, obstacle
            nothing runs in it,                                     3,      2,      0,         0,       0,      01,         1,       ,
            nothing runs in it although it is fenced,               3,      2,      0,         0,       0,      01,         1,      2,
            nothing runs in the one that held the lead last,        3,      0,      0,         0,        ,      12,          ,       ,
            the only pod,                                           1,      0,      0,         0,       0,       0,          ,       ,
            somebody else leads,                                    3,      2,      0,         0,       0,     012,         1,       ,
            nobody leads,                                           3,      2,      0,          ,        ,     012,         1,       , NoLeader
            fenced,                                                 3,      2,      0,         0,       0,     012,         1,      2, Fenced
            it leads and somebody can take over,                    3,      0,      0,         0,       0,     012,         1,       ,
            it leads and nobody can take over,                      3,      0,      0,         0,       0,     012,          ,       , NoSuccessor
            it held the lead last and nobody can take over,         3,      0,      0,          ,       1,     012,          ,       , NoSuccessor
            it claims to lead and nobody can take over,             3,      2,      0,        02,      02,     012,          ,       , NoSuccessor
            """)
    void isReplacedWhereItsPodIsBroken(
            String what,
            int pods,
            int member,
            @Nullable Integer holder,
            @Nullable String claimants,
            @Nullable String leading,
            @Nullable String running,
            @Nullable String following,
            @Nullable String fenced,
            @Nullable Obstacle obstacle) {
        Standing standing = new Standing(
                pods,
                pods,
                Optional.empty(),
                Optional.ofNullable(holder),
                set(claimants),
                set(leading),
                set(running),
                set(following),
                set(fenced),
                Set.of(),
                2,
                2,
                true);

        assertThat(Budget.obstacle(standing, member, Disruption.Replace)).isEqualTo(Optional.ofNullable(obstacle));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = """
            # what,                                              wanted, member, leader, holder, following, known, obstacle
            all have given it up and a replica follows,               2,      2,      0,      0,         1,    01,
            the only one that is left leads,                          1,      2,      0,      0,          ,     0,
            no replica follows yet,                                   2,      2,      0,      0,          ,    01, NoSuccessor
            nobody leads,                                             2,      2,       ,      0,         1,    01, NoLeader
            the one that leads does not hold the lead any more,       2,      2,      0,      1,         1,    01, NoLeader
            it held the lead last,                                    2,      2,       ,      2,         1,    01, NoLeader
            it leads,                                                 2,      2,      2,      2,         1,   012, Holds
            somebody still counts it,                                 2,      2,      0,      0,         1,   012, StillMember
            """)
    void isForgotten(
            String what,
            int wanted,
            int member,
            @Nullable Integer leader,
            @Nullable Integer holder,
            @Nullable String following,
            @Nullable String known,
            @Nullable Obstacle obstacle) {
        Standing standing = new Standing(
                2,
                wanted,
                Optional.ofNullable(leader),
                Optional.ofNullable(holder),
                Set.of(),
                Set.of(),
                Set.of(),
                set(following),
                Set.of(),
                set(known),
                1,
                0,
                true);

        assertThat(Budget.obstacle(standing, member, Disruption.Forget)).isEqualTo(Optional.ofNullable(obstacle));
    }

    private static Set<Integer> set(@Nullable String digits) {
        return digits == null
                ? Set.of()
                : Arrays.stream(digits.split("")).map(Integer::valueOf).collect(Collectors.toSet());
    }
}
