package io.tidegrid;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The directions of CONTRIBUTING.md, "Where things live", hold. */
class ArchitectureTest {

  private static final String[] CLIENT = {
    "io.tidegrid.model..",
    "io.tidegrid.codec..",
    "io.tidegrid.tier..",
    "io.tidegrid.grid..",
    "io.tidegrid.client.."
  };
  private static final String[] PIPELINES = {
    "io.tidegrid.rollup..", "io.tidegrid.alert..", "io.tidegrid.live.."
  };
  private static final String STORE = "io.tidegrid.store..";
  private static final String INGEST = "io.tidegrid.ingest..";
  private static final String PERSIST = "io.tidegrid.persist..";
  private static final String QUERY = "io.tidegrid.query..";
  private static final String EVENTS = "io.tidegrid.events..";
  private static final String ALERTING = "io.tidegrid.alerting..";
  private static final String HTTP = "io.tidegrid.http..";
  private static final String NODE = "io.tidegrid.node..";
  private static final String CLI = "io.tidegrid.cli..";

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.tidegrid");

  @Test
  void allModulesWereRead() {
    assertThat(CLASSES.contain("io.tidegrid.model.SampleBatch")).isTrue();
    assertThat(CLASSES.contain("io.tidegrid.store.ShardReader")).isTrue();
  }

  @Test
  void modulesDependOneWay() {
    check(onlyProjectDependencies(CLIENT, CLIENT));
    check(onlyProjectDependencies(PIPELINES, concat(CLIENT, PIPELINES)));
  }

  @Test
  void featuresOfTheNodeDependOneWay() {
    String[] below = concat(CLIENT, PIPELINES);
    check(onlyProjectDependencies(STORE, concat(below, STORE)));
    check(onlyProjectDependencies(INGEST, concat(below, INGEST, STORE)));
    check(onlyProjectDependencies(PERSIST, concat(below, PERSIST, STORE)));
    check(onlyProjectDependencies(QUERY, concat(below, QUERY, PERSIST, STORE)));
    check(onlyProjectDependencies(ALERTING, concat(below, ALERTING, QUERY, PERSIST, STORE)));
    check(onlyProjectDependencies(HTTP, concat(below, HTTP, QUERY, INGEST, EVENTS, ALERTING)));
    check(onlyProjectDependencies(EVENTS, concat(below, EVENTS, INGEST, PERSIST, STORE)));
    check(onlyProjectDependencies(NODE, not(resideInAPackage(CLI))));
  }

  @Test
  void packagesFormNoCircles() {
    check(SlicesRuleDefinition.slices().matching("io.tidegrid.(*)..").should().beFreeOfCycles());
  }

  @Test
  void httpKnowsNeitherTheGridNorSql() {
    check(
        noClasses()
            .that()
            .resideInAPackage(HTTP)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "com.hazelcast..", "java.sql..", "javax.sql..", "org.postgresql.."));
  }

  @Test
  void onlyPersistenceKnowsSql() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(PERSIST, NODE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "java.sql..", "javax.sql..", "org.postgresql..", "com.zaxxer.hikari.."));
  }

  @Test
  void onlyHttpAndTheNodeKnowTheWebServer() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages(HTTP, NODE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.helidon.."));
  }

  @Test
  void everyPackageSaysWhatItIsFor() {
    Set<String> described =
        CLASSES.stream()
            .filter(found -> found.getSimpleName().equals("package-info"))
            .map(JavaClass::getPackageName)
            .collect(Collectors.toSet());
    // Compilers leave package-info classes out unless they carry annotations, so sources count.
    Set<String> lacking =
        CLASSES.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> !described.contains(name) && !SourceTree.hasPackageInfo(name))
            .collect(Collectors.toSet());
    assertThat(lacking).isEmpty();
  }

  @Test
  void nobodySleeps() {
    check(noClasses().should().callMethod(Thread.class, "sleep", long.class));
    check(noClasses().should().callMethod(Thread.class, "sleep", java.time.Duration.class));
    check(noClasses().should().callMethod(Thread.class, "sleep", long.class, int.class));
  }

  @Test
  void timeComesFromAnInjectedClock() {
    check(noClasses().should().callMethod(System.class, "currentTimeMillis"));
    check(noClasses().should().callMethod(java.time.Instant.class, "now"));
  }

  @Test
  void onlyTheCommandLinePrints() {
    check(classes().that().resideOutsideOfPackage(CLI).should(notTouchStandardStreams()));
  }

  @Test
  void nothingIsKeptPerThread() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat(type(ThreadLocal.class).or(type(InheritableThreadLocal.class))));
  }

  private static ArchRule onlyProjectDependencies(String[] from, String[] allowed) {
    return noClasses()
        .that()
        .resideInAnyPackage(from)
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.tidegrid..").and(not(resideInAnyPackage(allowed))));
  }

  private static ArchRule onlyProjectDependencies(String from, String[] allowed) {
    return onlyProjectDependencies(new String[] {from}, allowed);
  }

  private static ArchRule onlyProjectDependencies(
      String from, com.tngtech.archunit.base.DescribedPredicate<JavaClass> allowed) {
    return noClasses()
        .that()
        .resideInAPackage(from)
        .should()
        .dependOnClassesThat(resideInAPackage("io.tidegrid..").and(not(allowed)));
  }

  private static ArchCondition<JavaClass> notTouchStandardStreams() {
    return new ArchCondition<>("not use System.out or System.err") {
      @Override
      public void check(JavaClass tested, ConditionEvents events) {
        for (JavaFieldAccess access : tested.getFieldAccessesFromSelf()) {
          boolean stream =
              access.getTargetOwner().isEquivalentTo(System.class)
                  && Set.of("out", "err").contains(access.getTarget().getName());
          if (stream) {
            events.add(SimpleConditionEvent.violated(tested, access.getDescription()));
          }
        }
      }
    };
  }

  private static void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(CLASSES);
  }

  private static String[] concat(String[] some, String... others) {
    String[] all = java.util.Arrays.copyOf(some, some.length + others.length);
    System.arraycopy(others, 0, all, some.length, others.length);
    return all;
  }
}
