package io.matriarch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Whoever follows a link or a citation arrives somewhere, with this repository alone. */
class DocsTest {
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|mailto:)([^)#\\s]*)(?:#([^)\\s]+))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");
    private static final Pattern FENCE = Pattern.compile("(?s)```.*?```");

    /** A file of the docs, and perhaps the number of a section of it: the heading begins with that number. */
    private static final Pattern CITATION =
            Pattern.compile("docs/[\\w./-]*\\w(?: (?:rows? )?(\\d+)((?:(?:,| to| and) \\d+)*))?");

    /** A page that is cited by its name alone is looked for in vain. */
    private static final Pattern BARE = Pattern.compile("(?<![\\w./<-])[a-z-]+\\.md\\b");

    /** Comments that go over lines are one text. */
    private static final Pattern NEXT_LINE = Pattern.compile("\\s*\\n\\s*(?:\\*|//|#) ?");

    @Test
    void everyLinkLeadsToAFileAndAHeading() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            String text = FENCE.matcher(Files.readString(page)).replaceAll("");
            for (MatchResult link : LINK.matcher(text).results().toList()) {
                Path target = link.group(1).isEmpty()
                        ? page
                        : page.resolveSibling(link.group(1)).normalize();
                boolean heading = link.group(2) == null || anchors(target).contains(link.group(2));
                if (!Files.exists(target) || !heading) {
                    broken.add(page + ": " + link.group());
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void everyPageThatSourcesCiteIsThere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path source : sources()) {
            String text = NEXT_LINE.matcher(Files.readString(source)).replaceAll(" ");
            for (MatchResult citation : CITATION.matcher(text).results().toList()) {
                if (!there(citation)) {
                    broken.add(source + ": " + citation.group());
                }
            }
            BARE.matcher(text).results().forEach(page -> broken.add(source + ": " + page.group()));
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void aCitationOfNothingIsFoundOut() throws IOException {
        assertThat(CITATION.matcher("docs/internals/protocol.md 99").results()).noneMatch(DocsTest::there);
        assertThat(CITATION.matcher("docs/internals/protocol.md 6, 99").results())
                .noneMatch(DocsTest::there);
        assertThat(CITATION.matcher("docs/nothing.md").results()).noneMatch(DocsTest::there);
        assertThat(CITATION.matcher("docs/internals/protocol.md 6, 7").results())
                .allMatch(DocsTest::there);
        assertThat(anchors(Path.of("docs/internals/protocol.md"))).contains("6-how-a-replica-takes-over");
    }

    /** Decisions are cited by their number, too: {@code docs/decisions/0007}. */
    private static boolean there(MatchResult citation) {
        String cited = citation.group().split(" ", 2)[0];
        try {
            Path file = Path.of(cited);
            if (!Files.exists(file)) {
                Path folder = Path.of(cited).getParent();
                try (Stream<Path> files = Files.list(folder)) {
                    return cited.matches(".*/\\d{4}")
                            && files.anyMatch(f -> f.toString().startsWith(cited + "-"));
                }
            }
            if (citation.group(1) == null) {
                return true;
            }
            String text = Files.readString(file);
            return Pattern.compile("\\d+")
                    .matcher(citation.group(1) + citation.group(2))
                    .results()
                    .allMatch(number -> Pattern.compile(
                                    "(?m)^(#+ %s\\.|\\| %s(,| to \\d+)? \\|)".formatted(number.group(), number.group()))
                            .matcher(text)
                            .find());
        } catch (IOException e) {
            return false;
        }
    }

    /** As GitHub makes them: lower case, without punctuation, spaces as dashes. */
    private static Set<String> anchors(Path page) throws IOException {
        if (!Files.isRegularFile(page)) {
            return Set.of();
        }
        String text = FENCE.matcher(Files.readString(page)).replaceAll("");
        return HEADING.matcher(text)
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\w\\- ]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> top = Files.list(Path.of(""));
                Stream<Path> docs = Files.walk(Path.of("docs"))) {
            return Stream.concat(top, docs)
                    .filter(f -> f.toString().endsWith(".md"))
                    .toList();
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            return files.filter(f -> f.toString().endsWith(".java") || f.endsWith("fuse/fuse"))
                    .filter(f -> !f.endsWith("DocsTest.java"))
                    .toList();
        }
    }
}
