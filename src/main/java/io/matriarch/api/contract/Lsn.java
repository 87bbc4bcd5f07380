package io.matriarch.api.contract;

import org.jspecify.annotations.Nullable;

/** Positions in the write-ahead log, in PostgreSQL's notation {@code X/Y} (manual, "pg_lsn Type"). */
public final class Lsn {
    private Lsn() {}

    /** The position in bytes from the beginning; 0 for null and for text that is not a position. */
    public static long parse(@Nullable String text) {
        int slash = text == null ? -1 : text.indexOf('/');
        if (text == null || slash < 0) {
            return 0;
        }
        try {
            return (Long.parseLong(text.substring(0, slash), 16) << 32) + Long.parseLong(text.substring(slash + 1), 16);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** The position as PostgreSQL writes it. */
    public static String text(long lsn) {
        return "%X/%X".formatted(lsn >>> 32, lsn & 0xFFFFFFFFL);
    }
}
