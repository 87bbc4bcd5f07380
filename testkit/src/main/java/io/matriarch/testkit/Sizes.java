package io.matriarch.testkit;

import java.math.BigDecimal;

/** Sizes of volumes. */
final class Sizes {
    private static final String UNITS = "KMGTPE";
    private static final long STEP = 1024;

    private Sizes() {}

    /** Bytes of a quantity; 0 for what is none. */
    static long bytes(String quantity) {
        return Rules.parse(quantity).orElse(BigDecimal.ZERO).longValue();
    }

    /** A number of bytes as Kubernetes writes it: in the greatest unit of which it is a multiple. */
    static String text(long bytes) {
        long amount = bytes;
        int unit = 0;
        while (amount > 0 && amount % STEP == 0 && unit < UNITS.length()) {
            amount /= STEP;
            unit++;
        }
        return unit == 0 ? Long.toString(amount) : amount + UNITS.substring(unit - 1, unit) + "i";
    }
}
