package io.matriarch.api.contract;

import org.jspecify.annotations.Nullable;

/** Positions in the write-ahead log, in PostgreSQL's notation {@code X/Y} (manual, "pg_lsn Type"). */
public final class Lsn {
    private Lsn() {}

    /** The position as bytes from the beginning; 0 for none, and for text that is none. */
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
