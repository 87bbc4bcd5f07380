package io.matriarch.playground;

import java.util.ArrayList;
import java.util.List;

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

    /** Neither good nor bad: not known, or on its way. */
    static String open(String text) {
        return "\u001b[33m" + text + "\u001b[0m";
    }

    /** As many lines as it takes, broken at spaces; all but the first begin with the indent. */
    static List<String> wrapped(String text, int columns, String indent) {
        List<String> lines = new ArrayList<>();
        String body = text.stripLeading();
        StringBuilder line = new StringBuilder(text.substring(0, text.length() - body.length()));
        boolean first = true;
        for (String word : body.split(" ")) {
            if (!first && shown(line) + 1 + shown(word) > columns) {
                lines.add(line.toString());
                line = new StringBuilder(indent).append(word);
            } else {
                line.append(first ? "" : " ").append(word);
            }
            first = false;
        }
        lines.add(line.toString());
        return lines;
    }

    /** What a text takes on the screen. */
    static int shown(CharSequence text) {
        return text.toString().replaceAll("\u001b\\[[0-9]*m", "").length();
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
