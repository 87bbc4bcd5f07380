package io.matriarch.playground;

/** Words with colours for a terminal. */
final class Text {
    private Text() {}

    static String bold(String text) {
        return "\u001b[1m" + text + "\u001b[0m";
    }

    static String dim(String text) {
        return "\u001b[2m" + text + "\u001b[0m";
    }

    static String good(String text) {
        return "\u001b[32m" + text + "\u001b[0m";
    }

    static String bad(String text) {
        return "\u001b[31m" + text + "\u001b[0m";
    }

    /** A cell of a table: at least this wide. */
    static String cell(String text, int width) {
        return text.length() >= width ? text + " " : text + " ".repeat(width - text.length());
    }

    /** As many characters as fit; what only colours takes no room. */
    static String cut(String line, int columns) {
        StringBuilder kept = new StringBuilder();
        int shown = 0;
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '\u001b') {
                int end = line.indexOf('m', i);
                kept.append(line, i, end + 1);
                i = end;
            } else if (shown < columns) {
                kept.append(line.charAt(i));
                shown++;
            }
        }
        return kept.toString();
    }
}
