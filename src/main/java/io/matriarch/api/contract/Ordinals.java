package io.matriarch.api.contract;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Maps by ordinal, as JSON represents them: JSON's keys are strings, and not every JSON reader turns them into numbers. */
final class Ordinals {
    private Ordinals() {}

    /** A copy whose keys are numbers, whatever they were before; empty for null. */
    static <V> SortedMap<Integer, V> keys(@Nullable Map<Integer, V> given) {
        SortedMap<Integer, V> byOrdinal = new TreeMap<>();
        if (given != null) {
            Map<?, V> any = given;
            any.forEach((key, value) -> byOrdinal.put(Integer.valueOf(String.valueOf(key)), value));
        }
        return byOrdinal;
    }
}
