package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schedules mean what they mean to Kubernetes. */
class CronTest {
    private static final String NOON = "2026-11-26T12:00:30Z"; // a Thursday

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            * * * * *           | 2026-11-26T12:01Z
            */15 * * * *        | 2026-11-26T12:15Z
            5/20 * * * *        | 2026-11-26T12:05Z
            0 0-6/3,22 * * *    | 2026-11-26T22:00Z
            30 2 * * Mon-WED    | 2026-11-30T02:30Z
            0 0 1 jan,JUL *     | 2027-01-01T00:00Z
            0 0 29 2 *          | 2028-02-29T00:00Z
            0 0 13 * 5          | 2026-11-27T00:00Z
            0 0 */2 * 1         | 2026-11-27T00:00Z
            0 0 ? * 1           | 2026-11-30T00:00Z
            @hourly             | 2026-11-26T13:00Z
            @daily              | 2026-11-27T00:00Z
            @weekly             | 2026-11-29T00:00Z
            @monthly            | 2026-12-01T00:00Z
            @yearly             | 2027-01-01T00:00Z
            @every 1h30m10s     | 2026-11-26T13:30:40Z
            """)
    void theNextTimeIs(String schedule, String next) {
        assertThat(next(schedule, NOON)).isEqualTo(ZonedDateTime.parse(next));
    }

    @Test
    void anHourThatAZoneLeavesOutIsLeftOutAndOneThatItHasTwiceCountsTwice() {
        assertThat(next("30 2 * * *", "2026-03-28T12:00+01:00[Europe/Berlin]"))
                .isEqualTo(ZonedDateTime.parse("2026-03-30T02:30+02:00[Europe/Berlin]"));
        ZonedDateTime once = next("30 2 * * *", "2026-10-24T12:00+02:00[Europe/Berlin]");
        assertThat(once.toOffsetDateTime()).hasToString("2026-10-25T02:30+02:00");
        assertThat(Cron.parse("30 2 * * *").next(once).orElseThrow().toOffsetDateTime())
                .hasToString("2026-10-25T02:30+01:00");
    }

    @Test
    void aDayThatNeverComesHasNoNextTime() {
        assertThat(Cron.parse("0 0 30 2 *").next(ZonedDateTime.parse(NOON))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            * * * *       | expected exactly 5 fields, found 4: [* * * *]
            60 * * * *    | end of range (60) above maximum (59): 60
            * * 0 * *     | beginning of range (0) below minimum (1): 0
            * * * * 7     | end of range (7) above maximum (6): 7
            5-2 * * * *   | beginning of range (5) beyond end of range (2): 5-2
            */0 * * * *   | step of range should be a positive number: */0
            1-2-3 * * * * | too many hyphens: 1-2-3
            1/2/3 * * * * | too many slashes: 1/2/3
            x * * * *     | failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax
            @sometimes    | unrecognized descriptor: @sometimes
            """)
    void whatIsNoScheduleIsRefused(String schedule, String why) {
        assertThatThrownBy(() -> Cron.parse(schedule)).hasMessage(why);
    }

    private static ZonedDateTime next(String schedule, String after) {
        return Cron.parse(schedule).next(ZonedDateTime.parse(after)).orElseThrow();
    }
}
