package io.matriarch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import io.fabric8.kubernetes.client.CustomResource;
import io.matriarch.api.contract.Problem;
import io.matriarch.plan.view.ClusterView;
import io.matriarch.plan.view.Member;
import io.matriarch.testkit.Kstatus;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The borders between packages: the columns "may use" and "never" of the architecture's table. */
class ArchitectureTest {
    /** The module that is the embedded Kubernetes. */
    static final Predicate<Location> TESTKIT = location -> location.contains(testkit());

    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(TESTKIT.negate()::test)
            .importPackages("io.matriarch");

    private static final String CLIENT = "io.fabric8.kubernetes.client..";

    /** A custom resource extends a class of the client; nothing else of it is needed to have one. */
    private static final DescribedPredicate<JavaClass> A_CLIENT =
            resideInAnyPackage(CLIENT, "io.javaoperatorsdk..").and(not(type(CustomResource.class)));

    private static final String PROTOCOL = "io.matriarch.instance.ha..";
    private static final String FACTS = "io.matriarch.instance.facts..";
    private static final String CONTRACT = "io.matriarch.api.contract..";

    /** How values are called in JSON; what reads and writes them is elsewhere. */
    private static final String JSON_NAMES = "com.fasterxml.jackson.annotation..";

    private static final DescribedPredicate<JavaClass> INPUT_OR_OUTPUT = describe(
            "does input or output",
            c -> c.getPackageName().matches("java\\.(nio\\.(channels|file)|sql|net\\.http|lang\\.foreign)(\\..*)?")
                            && !Set.of("java.nio.file.Path", "java.sql.Timestamp")
                                    .contains(c.getName())
                    || c.getName().matches("java\\.net\\.(.*Socket.*|URL|URLConnection|InetAddress)")
                    || c.getName().matches("java\\.io\\.(File.*|RandomAccessFile|Console)")
                    || c.getName().matches("java\\.lang\\.(Process.*|Runtime)"));

    private static final DescribedPredicate<JavaClass> THREADS = describe(
            "threads",
            c -> c.getName().matches("java\\.lang\\.(Thread.*|ScopedValue)")
                    || c.getPackageName().startsWith("java.util.concurrent"));

    private static final DescribedPredicate<JavaCall<?>> THE_CLOCK = describe("the clock", call -> {
        String owner = call.getTargetOwner().getName();
        String name = call.getName();
        return name.equals("now") && owner.startsWith("java.time.")
                || owner.equals("java.lang.System") && (name.equals("currentTimeMillis") || name.equals("nanoTime"))
                || owner.equals("java.time.Clock")
                || owner.equals("java.util.Date")
                        && call.getTarget().getRawParameterTypes().isEmpty()
                        && name.equals("<init>");
    });

    private static final DescribedPredicate<JavaCall<?>> CHANCE = describe(
            "chance",
            call -> call.getName().equals("<init>") && call.getTargetOwner().isAssignableTo(Random.class)
                    || call.getTargetOwner().isEquivalentTo(UUID.class)
                            && call.getName().equals("randomUUID")
                    || call.getTargetOwner().isEquivalentTo(Math.class)
                            && call.getName().equals("random"));

    private static final DescribedPredicate<JavaClass> WORDS_OF_POSTGRESQL = describe(
            "know PostgreSQL",
            c -> c.getPackageName().matches("io\\.matriarch\\.plan\\.(postgres|status)(\\..*)?")
                    || c.getName()
                            .matches(
                                    "io\\.matriarch\\.(api\\.contract\\.(ClusterLease|MemberReport|Settings)|render\\.(SettingsDocument|LeaseDocument))(\\$.*)?"));

    private static final DescribedPredicate<JavaCall<?>> ASKS_FOR_POSTGRESQL = describe("the database's part", call -> {
        String owner = call.getTargetOwner().getName();
        return owner.equals(ClusterView.class.getName())
                        && Set.of(
                                        "lease",
                                        "leaseObject",
                                        "holder",
                                        "voters",
                                        "settings",
                                        "report",
                                        "primary",
                                        "takenByOther",
                                        "bootstrapped",
                                        "hadDatabase",
                                        "served")
                                .contains(call.getName())
                || owner.equals(Member.class.getName())
                        && Set.of("report", "servesAsPrimary", "epoch").contains(call.getName());
    });

    private static final SliceAssignment FILES_OF_THE_PLAN = new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass c) {
            return c.getPackageName().startsWith("io.matriarch.plan")
                    ? SliceIdentifier.of(c.getName().replaceAll("\\$.*", ""))
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "files of the plan";
        }
    };

    @Test
    void allPackagesAreLookedAt() {
        assertThat(OURS.stream().map(JavaClass::getPackageName))
                .contains(
                        "io.matriarch.api",
                        "io.matriarch.render",
                        "io.matriarch.plan",
                        "io.matriarch.operator",
                        "io.matriarch.instance.ha");
    }

    @Test
    void whatIsNotPureIsFoundOut() {
        assertThatThrownBy(() -> pure("io.matriarch.operator..")).hasMessageContaining("kubernetes.client");
        assertThatThrownBy(() -> pure("io.matriarch.instance.net..")).hasMessageContaining("java.nio.file");
        assertThatThrownBy(() -> check(noClasses()
                        .that()
                        .resideInAPackage("io.matriarch.instance..")
                        .should()
                        .callCodeUnitWhere(THE_CLOCK)))
                .hasMessageContaining("nanoTime");
    }

    @Test
    void apiIsDataWithoutAnyOtherOfOurPackages() {
        check(noClasses().that().resideInAPackage("io.matriarch.api..").should().dependOnClassesThat(A_CLIENT));
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.api..")
                .should()
                .dependOnClassesThat(INPUT_OR_OUTPUT.or(THREADS).or(ourPackagesBut("io.matriarch.api.."))));
    }

    /** Jackson's data binding is 6 MB in every database pod (docs/decisions/0002). */
    @Test
    void theAgentBindsJsonWithoutDataBinding() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.fasterxml.jackson.databind.."));
    }

    @Test
    void contractIsUnderstoodWithoutKubernetesModels() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.api.contract..")
                .should()
                .dependOnClassesThat(resideInAPackage("io.fabric8..")));
    }

    @Test
    void renderIsPure() {
        pure("io.matriarch.render..");
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.render..")
                .should()
                .dependOnClassesThat(ourPackagesBut("io.matriarch.api..", "io.matriarch.render..")));
    }

    @Test
    void planIsPure() {
        pure("io.matriarch.plan..");
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.plan..")
                .should()
                .dependOnClassesThat(
                        ourPackagesBut("io.matriarch.api..", "io.matriarch.render..", "io.matriarch.plan..")));
    }

    /** The steps' common words are at the bottom; the list of all steps, which has no package of its own, is on top. */
    @Test
    void planHasFloorsAndNothingStandsOnItsTop() {
        check(slices().matching("io.matriarch.plan.(*)..").should().beFreeOfCycles());
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.plan.*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.matriarch.plan"));
    }

    @Test
    void filesOfThePlanDoNotNeedEachOtherInACircle() {
        check(slices().assignedFrom(FILES_OF_THE_PLAN).should().beFreeOfCycles());
    }

    /** What a workload step needs to know of the application in the pods, it asks through one interface. */
    @Test
    void podsAndClaimsAreLookedAfterWithoutKnowingPostgreSql() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.plan.workload..")
                .should()
                .dependOnClassesThat(WORDS_OF_POSTGRESQL));
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.plan.workload..")
                .should()
                .callMethodWhere(ASKS_FOR_POSTGRESQL));
        assertThatThrownBy(() -> check(noClasses()
                        .that()
                        .resideInAPackage("io.matriarch.plan.postgres..")
                        .should()
                        .callMethodWhere(ASKS_FOR_POSTGRESQL)))
                .hasMessageContaining("primary");
    }

    @Test
    void operatorNeverReachesIntoTheAgent() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.operator..")
                .should()
                .dependOnClassesThat(resideInAPackage("io.matriarch.instance..")));
    }

    @Test
    void agentKnowsOnlyTheContract() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance..")
                .should()
                .dependOnClassesThat(ourPackagesBut("io.matriarch.api.contract..", "io.matriarch.instance..")));
    }

    /** Each class that a database pod loads is paid for in its memory. */
    @Test
    void agentUsesNoKubernetesClient() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.fabric8..", "io.javaoperatorsdk..", "io.micrometer..")));
    }

    @Test
    void protocolCoreIsAStateMachineAndNothingElse() {
        pure(PROTOCOL);
    }

    /** Not one step deep only: whatever the protocol can reach is values, in these packages and Java's own. */
    @Test
    void protocolCoreStandsOnValuesOnly() {
        pure(FACTS);
        pure(CONTRACT);
        standsOn(PROTOCOL, PROTOCOL, FACTS, CONTRACT, "java..", "org.jspecify..");
        standsOn(FACTS, FACTS, CONTRACT, "java..", "org.jspecify..", JSON_NAMES);
        standsOn(CONTRACT, CONTRACT, "java..", "org.jspecify..", JSON_NAMES);
        assertThatThrownBy(
                        () -> standsOn("io.matriarch.instance.postgres..", "io.matriarch.instance.postgres..", FACTS))
                .hasMessageContaining("java.sql");
    }

    /** What may end PostgreSQL or the container is reviewed alone: it knows the protocol, and nothing else of the agent. */
    @Test
    void fenceAsksNobody() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance.fence..")
                .should()
                .dependOnClassesThat(ourPackagesBut("io.matriarch.instance.fence..", PROTOCOL, FACTS, CONTRACT)));
    }

    /** Each part is given what it needs when it is made: a reference that is filled later is empty before. */
    @Test
    void partsOfTheAgentAreMadeInOrder() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.concurrent.atomic.."));
    }

    /** With a cure, so that no operator has to guess what a reason means. A word alone is what another release may send. */
    @Test
    void theAgentNamesProblemsByTheirReason() {
        check(noClasses()
                .that()
                .resideInAPackage("io.matriarch.instance..")
                .should()
                .callConstructor(Problem.class, String.class, String.class));
    }

    @Test
    void packagesHaveNoCycles() {
        check(slices().matching("io.matriarch.(*)..").should().beFreeOfCycles());
        check(slices().matching("io.matriarch.instance.(*)..").should().beFreeOfCycles());
    }

    /** It could serve the tests of any operator: what its tests and ours need of Matriarch is in the tests. */
    @Test
    void theEmbeddedKubernetesKnowsNothingOfMatriarch() {
        JavaClasses testkit =
                new ClassFileImporter().withImportOption(TESTKIT::test).importPackages("io.matriarch");
        assertThat(testkit).hasSizeGreaterThan(90);
        noClasses()
                .should()
                .dependOnClassesThat(ourPackagesBut("io.matriarch.testkit.."))
                .check(testkit);
    }

    @Test
    void namesSayWhatThingsAre() {
        check(classes()
                .that()
                .resideInAPackage("io.matriarch..")
                .should()
                .haveNameNotMatching(".*(Utils?|Helper|Manager|Impl)(\\$.*)?"));
    }

    /** Neither client nor clock nor chance nor threads, and nothing goes in or out. */
    private static void pure(String packages) {
        check(noClasses()
                .that()
                .resideInAPackage(packages)
                .should()
                .dependOnClassesThat(A_CLIENT.or(INPUT_OR_OUTPUT).or(THREADS)));
        check(noClasses().that().resideInAPackage(packages).should().callCodeUnitWhere(THE_CLOCK.or(CHANCE)));
    }

    private static void standsOn(String packages, String... allowed) {
        check(classes()
                .that()
                .resideInAPackage(packages)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(allowed)));
    }

    /** The entry point tells everyone the version. */
    private static DescribedPredicate<JavaClass> ourPackagesBut(String... allowed) {
        return resideInAPackage("io.matriarch..")
                .and(not(resideInAnyPackage(allowed).or(type(Build.class))));
    }

    /** Where the module is: a folder of classes, or a jar. */
    private static String testkit() {
        String kstatus = Objects.requireNonNull(Kstatus.class.getResource("Kstatus.class"))
                .toString();
        return kstatus.substring(0, kstatus.indexOf("io/matriarch/testkit/Kstatus.class"));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(OURS);
    }
}
