package io.matriarch.testkit;

import java.util.List;
import java.util.Locale;

/**
 * One field of a crontab: numbers, ranges, steps and names, in a list.
 *
 * @param bits bit n for the number n
 * @param any whether it is {@code *}, which leaves the day to the other of the two fields for days
 */
record CronField(long bits, boolean any) {
    boolean has(int number) {
        return (bits >> number & 1) == 1;
    }

    /** @param names of the numbers from {@code least} on, with spaces between them */
    static CronField parse(String text, int least, int most, String names) {
        CronField all = new CronField(0, false);
        for (String part : text.split(",")) {
            if (!part.isEmpty()) {
                CronField one = range(part, least, most, names.isEmpty() ? List.of() : List.of(names.split(" ")));
                all = new CronField(all.bits | one.bits, all.any || one.any);
            }
        }
        return all;
    }

    private static CronField range(String text, int least, int most, List<String> names) {
        String[] rangeAndStep = text.split("/", -1);
        String[] ends = rangeAndStep[0].split("-", -1);
        boolean any = ends[0].equals("*") || ends[0].equals("?");
        require(any || ends.length <= 2, "too many hyphens: %s", text);
        require(rangeAndStep.length <= 2, "too many slashes: %s", text);
        int from = any ? least : number(ends[0], least, names);
        int to = any ? most : ends.length == 1 ? from : number(ends[1], least, names);
        int step = 1;
        if (rangeAndStep.length == 2) {
            step = number(rangeAndStep[1], 0, List.of());
            to = ends.length == 1 ? most : to; // 5/15 means 5-59/15
        }
        require(from >= least, "beginning of range (%d) below minimum (%d): %s", from, least, text);
        require(to <= most, "end of range (%d) above maximum (%d): %s", to, most, text);
        require(from <= to, "beginning of range (%d) beyond end of range (%d): %s", from, to, text);
        require(step > 0, "step of range should be a positive number: %s", text);
        long bits = 0;
        for (int number = from; number <= to; number += step) {
            bits |= 1L << number;
        }
        return new CronField(bits, any && step == 1);
    }

    private static int number(String text, int least, List<String> names) {
        int named = names.indexOf(text.toLowerCase(Locale.ROOT));
        if (named >= 0) {
            return named + least;
        }
        try {
            int number = Integer.parseInt(text);
            require(number >= 0, "negative number (%d) not allowed: %s", number, text);
            return number;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "failed to parse int from %1$s: strconv.Atoi: parsing \"%1$s\": invalid syntax".formatted(text), e);
        }
    }

    private static void require(boolean holds, String message, Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(message.formatted(values));
        }
    }
}
