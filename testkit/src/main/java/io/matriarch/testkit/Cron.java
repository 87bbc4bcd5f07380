package io.matriarch.testkit;

import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When something is due, in the dialect of CronJobs: the five fields of crontab, a word such as {@code @hourly}, or {@code @every 1h30m}. It is the dialect of the
 * library robfig/cron, whose words for mistakes users see; Java's libraries have others, other words, and no {@code @every}.
 */
sealed interface Cron {
    /** The first time after this one, in its zone; empty when there is none within five years, such as for 30 February. */
    Optional<ZonedDateTime> next(ZonedDateTime after);

    /** @throws IllegalArgumentException with what is wrong, in the library's words */
    static Cron parse(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("empty spec string");
        }
        if (text.startsWith("@every ")) {
            return new Every(duration(text.substring("@every ".length())));
        }
        if (text.startsWith("@")) {
            String fields = WORDS.get(text);
            if (fields == null) {
                throw new IllegalArgumentException("unrecognized descriptor: " + text);
            }
            return parse(fields);
        }
        String[] fields = text.strip().split("\\s+");
        if (fields.length != 5) {
            throw new IllegalArgumentException(
                    "expected exactly 5 fields, found %d: [%s]".formatted(fields.length, String.join(" ", fields)));
        }
        return new Fields(
                CronField.parse(fields[0], 0, 59, ""),
                CronField.parse(fields[1], 0, 23, ""),
                CronField.parse(fields[2], 1, 31, ""),
                CronField.parse(fields[3], 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
                CronField.parse(fields[4], 0, 6, "sun mon tue wed thu fri sat"));
    }

    Map<String, String> WORDS = Map.of(
            "@yearly", "0 0 1 1 *",
            "@annually", "0 0 1 1 *",
            "@monthly", "0 0 1 * *",
            "@weekly", "0 0 * * 0",
            "@daily", "0 0 * * *",
            "@midnight", "0 0 * * *",
            "@hourly", "0 * * * *");

    private static Duration duration(String text) {
        Matcher parts = Pattern.compile("(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?").matcher(text);
        if (text.isEmpty() || !parts.matches()) {
            throw new IllegalArgumentException(
                    "failed to parse duration @every %1$s: time: invalid duration \"%1$s\"".formatted(text));
        }
        Duration duration = Duration.ZERO;
        for (int unit = 1; unit <= 3; unit++) {
            long amount = parts.group(unit) == null ? 0 : Long.parseLong(parts.group(unit));
            duration = duration.plusSeconds(amount * (unit == 1 ? 3600 : unit == 2 ? 60 : 1));
        }
        return duration.isZero() ? Duration.ofSeconds(1) : duration;
    }

    /** The same pause again and again. */
    record Every(Duration pause) implements Cron {
        @Override
        public Optional<ZonedDateTime> next(ZonedDateTime after) {
            return Optional.of(after.plus(pause).truncatedTo(ChronoUnit.SECONDS));
        }
    }

    /** A day counts when month's and week's day do; when both are restricted, either is enough. */
    record Fields(CronField minute, CronField hour, CronField day, CronField month, CronField weekday) implements Cron {
        private static final int YEARS = 5;

        @Override
        public Optional<ZonedDateTime> next(ZonedDateTime after) {
            ZonedDateTime time = after.truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
            int last = time.getYear() + YEARS;
            while (time.getYear() <= last) {
                Optional<UnaryOperator<ZonedDateTime>> step = step(time);
                if (step.isEmpty()) {
                    return Optional.of(time);
                }
                time = step.get().apply(time);
            }
            return Optional.empty();
        }

        /** How to go on from a time that does not count. */
        private Optional<UnaryOperator<ZonedDateTime>> step(ZonedDateTime time) {
            if (!month.has(time.getMonthValue())) {
                return Optional.of(
                        t -> t.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1).plusMonths(1));
            }
            boolean inMonth = day.has(time.getDayOfMonth());
            boolean inWeek = weekday.has(time.get(ChronoField.DAY_OF_WEEK) % 7);
            if (day.any() || weekday.any() ? !(inMonth && inWeek) : !(inMonth || inWeek)) {
                return Optional.of(t -> t.truncatedTo(ChronoUnit.DAYS).plusDays(1));
            }
            if (!hour.has(time.getHour())) {
                return Optional.of(t -> t.truncatedTo(ChronoUnit.HOURS).plusHours(1));
            }
            return minute.has(time.getMinute()) ? Optional.empty() : Optional.of(t -> t.plusMinutes(1));
        }
    }
}
