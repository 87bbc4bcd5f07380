package io.matriarch.instance.postgres;

/** Positions in the write-ahead log, in PostgreSQL's notation {@code X/Y} (manual, "pg_lsn Type"). */
public final class Lsn {
    private Lsn() {}

    /** The position as bytes from the beginning; 0 for text that is none. */
    public static long parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
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
