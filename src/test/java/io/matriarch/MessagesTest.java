package io.matriarch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What our messages advise. */
class MessagesTest {
    private static final Pattern LITERAL = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
    private static final Pattern ADVICE = Pattern.compile(
            "(?:^|[\".;:] ?|,? (?:or|and) )(?:rename or )?delete (?:it|this|these|the|them|[a-z]* ?claim|%s)",
            Pattern.CASE_INSENSITIVE);

    /** Pods hold no data: the members that they belong to hand over first. */
    private static final Pattern PODS = Pattern.compile("delete (?:these|the|those) pods?", Pattern.CASE_INSENSITIVE);

    @Test
    void noMessageAdvisesToDestroyDataOrItsKeys() throws IOException {
        List<String> advice = new ArrayList<>();
        try (var files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                LITERAL.matcher(Files.readString(file))
                        .results()
                        .map(MatchResult::group)
                        .filter(text -> ADVICE.matcher(text).find()
                                && !PODS.matcher(text).find())
                        .forEach(text -> advice.add(file.getFileName() + ": " + text));
            }
        }
        assertThat(advice).isEmpty();
    }
}
