package io.matriarch;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;

/** The tags of tests say what a test needs. {@code ./test --fast} runs the tests without a tag, which need a JDK and nothing else. */
class TierTest {
    private static final Set<String> TAGS = Set.of("postgres", "cluster", "machine", "long");

    /** Processes, sockets, and whatever waits for time to pass. */
    private static final String OUTSIDE =
            "java\\.lang\\.Process.*|java\\.net\\.(.*Socket.*|URLConnection|http\\..*)|com\\.sun\\.net\\.httpserver\\..*|org\\.awaitility\\..*";

    private static final ImportOption TEST = new ImportOption.OnlyIncludeTests();

    private static final JavaClasses TESTS = new ClassFileImporter()
            .withImportOption(location -> TEST.includes(location) || ArchitectureTest.TESTKIT.test(location))
            .importPackages("io.matriarch");

    @Test
    void onlyTheKnownTagsAreUsed() {
        assertThat(unitTests().flatMap(c -> tags(c).stream())).isSubsetOf(TAGS).contains("postgres", "cluster");
    }

    @Test
    void testsWithoutATagReachNothingOutsideOfTheJvm() {
        List<JavaClass> pure = unitTests().filter(c -> tags(c).isEmpty()).toList();
        assertThat(pure).hasSizeGreaterThan(30);
        assertThat(pure.stream().flatMap(c -> outside(c).stream())).isEmpty();
    }

    @Test
    void testsThatReachOutAreFoundOut() {
        for (String tag : List.of("postgres", "cluster")) {
            assertThat(unitTests().filter(c -> tags(c).contains(tag)))
                    .allSatisfy(c -> assertThat(outside(c)).as(c.getName()).isNotEmpty());
        }
    }

    private static Stream<JavaClass> unitTests() {
        return TESTS.stream().filter(c -> c.getSimpleName().endsWith("Test") && !tests(c).isEmpty());
    }

    private static List<? extends JavaMember> tests(JavaClass c) {
        return c.getAllMethods().stream()
                .filter(m -> m.isMetaAnnotatedWith(Testable.class))
                .toList();
    }

    private static Set<String> tags(JavaClass c) {
        Set<String> tags = new HashSet<>();
        for (JavaClass type : c.getClassHierarchy()) {
            type.tryGetAnnotationOfType(Tag.class).ifPresent(tag -> tags.add(tag.value()));
        }
        return tags;
    }

    /** What a test uses itself or through other classes of the tests; the product's classes are not looked into. */
    private static Set<String> outside(JavaClass test) {
        Set<String> found = new HashSet<>();
        Set<JavaClass> seen = new HashSet<>();
        Deque<JavaClass> next = new ArrayDeque<>(List.of(test));
        while (!next.isEmpty()) {
            JavaClass c = next.remove();
            if (!seen.add(c)) {
                continue;
            }
            for (Dependency dependency : c.getDirectDependenciesFromSelf()) {
                JavaClass used = dependency.getTargetClass().getBaseComponentType();
                if (used.getName().matches(OUTSIDE)) {
                    found.add(test.getSimpleName() + ": " + dependency.getDescription());
                } else if (TESTS.contain(used.getName())) {
                    next.add(TESTS.get(used.getName()));
                }
            }
        }
        return found;
    }
}
