package io.matriarch.playground;

import java.util.ArrayList;
import java.util.List;

/**
 * One picture for a screen of some size. What the visitor needs to go on, the keys and what the last one did, is always there; of the rest as much
 * as there is room for, from the top.
 *
 * @param body from the most to the least important
 * @param footer always shown
 */
record Frame(List<String> body, List<String> footer) {
    List<String> lines(int rows, int columns) {
        List<String> bottom = footer.stream()
                .flatMap(line -> Text.wrapped(line, columns, " ").stream())
                .toList();
        int room = Math.max(0, rows - 1 - bottom.size());
        List<String> lines = new ArrayList<>();
        for (String line : body.size() > room ? dense(body) : body) {
            if (lines.size() < room) {
                lines.add(Text.cut(line, columns));
            }
        }
        lines.addAll(bottom);
        return lines;
    }

    /** Without the lines that only keep others apart. */
    private static List<String> dense(List<String> lines) {
        return lines.stream().filter(line -> !line.isEmpty()).toList();
    }
}
