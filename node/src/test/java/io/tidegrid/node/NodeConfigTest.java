package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.IngestOptions;
import io.tidegrid.query.QueryOptions;
import io.tidegrid.rollup.RollupOptions;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeConfigTest {

  @TempDir private Path dir;

  @Test
  void withoutAnySourceTheDefaultsHold() {
    NodeConfig config = NodeConfig.builder().build();

    assertThat(config.httpHost()).isEqualTo("127.0.0.1");
    assertThat(config.httpPort()).isEqualTo(8000);
    assertThat(config.httpMaxBody()).isEqualTo(32L << 20);
    assertThat(config.gridPort()).isEqualTo(5701);
    assertThat(config.gridJoin()).isEmpty();
    assertThat(config.gridShards()).isEqualTo(64);
    assertThat(config.storage()).isEqualTo(StorageMode.EMBEDDED);
    assertThat(config.dataDir()).isEqualTo(Path.of("./data"));
    assertThat(config.databaseUrl()).isEmpty();
    assertThat(config.memoryRetention()).isEqualTo(Duration.ofDays(3));
    assertThat(config.persistMaxPending()).isEqualTo(512L << 20);
    assertThat(config.securityMode()).isEmpty();
    assertThat(config.shutdownGrace()).isEqualTo(Duration.ofSeconds(60));
    assertThat(config.warnings()).isEmpty();
  }

  @Test
  void theDefaultsOfTheFeaturesAreThoseOfTheKeys() {
    NodeConfig config = NodeConfig.builder().build();

    assertThat(config.ingestOptions())
        .usingRecursiveComparison()
        .ignoringFields("seriesCacheBytes")
        .isEqualTo(IngestOptions.defaults());
    assertThat(config.ingestOptions().seriesCacheBytes())
        .isEqualTo(Runtime.getRuntime().maxMemory() / 10);
    assertThat(config.queryOptions()).isEqualTo(QueryOptions.defaults());
  }

  @Test
  void flagsWinOverTheEnvironmentThatOverTheFileThatOverTheDefault() {
    Path file = file("http:\n  port: 1001\ngrid.port: 1002\nquery.timeout: 7s\n");
    Map<String, String> environment =
        Map.of("TIDEGRID_HTTP_PORT", "2001", "TIDEGRID_GRID_PORT", "2002");

    NodeConfig config =
        NodeConfig.builder()
            .set("http.port", "3001", "--http-port")
            .environment(environment)
            .file(file)
            .build();

    assertThat(config.httpPort()).isEqualTo(3001);
    assertThat(config.gridPort()).isEqualTo(2002);
    assertThat(config.queryOptions().timeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.gridClusterName()).isEqualTo("tidegrid");
  }

  @Test
  void anEmptyValueLeavesTheKeyToWeakerSources() {
    NodeConfig config =
        NodeConfig.builder()
            .environment(Map.of("TIDEGRID_HTTP_PORT", " ", "DATABASE_URL", ""))
            .file(file("http.port: 1001\nsecurity.mode:\ndatabase.url: \"\"\n"))
            .build();

    assertThat(config.httpPort()).isEqualTo(1001);
    assertThat(config.storage()).isEqualTo(StorageMode.EMBEDDED);
  }

  @Test
  void everyKeyHasAVariable() {
    NodeConfig config =
        NodeConfig.builder()
            .environment(
                Map.of(
                    "TIDEGRID_INGEST_ACK", "durable",
                    "TIDEGRID_INGEST_MAX_NAME", "1KiB",
                    "TIDEGRID_GRID_CLUSTER_NAME", "blue",
                    "CORS_ORIGINS", "https://a.example, http://localhost:3000",
                    "TIDEGRID_LOG_FORMAT", "JSON"))
            .build();

    assertThat(config.ingestOptions().ack()).isEqualTo(Ack.DURABLE);
    assertThat(config.ingestOptions().maxNameBytes()).isEqualTo(1024);
    assertThat(config.gridClusterName()).isEqualTo("blue");
    assertThat(config.httpCorsOrigins())
        .containsExactly("https://a.example", "http://localhost:3000");
    assertThat(config.logFormat()).isEqualTo(LogFormat.JSON);
  }

  @Test
  void anUnknownKeyIsRefusedWithTheNearestKnownOne() {
    NodeConfig.Builder builder =
        NodeConfig.builder()
            .file(file("http:\n  host: localhost\n  prot: 1\n"))
            .set("memory.retantion", "1d", "--set")
            .set("completely.different", "1", "--set");

    assertThat(problems(builder))
        .anySatisfy(problem ->
            assertThat(problem)
                .contains("tidegrid.yaml line 3")
                .contains("\"http.prot\"; did you mean \"http.port\"?"))
        .anySatisfy(problem -> assertThat(problem).contains("did you mean \"memory.retention\"?"))
        .anySatisfy(problem -> assertThat(problem).contains("docs/configuration.md"))
        .hasSize(3);
  }

  @Test
  void anUnknownVariableOnlyWarns() {
    NodeConfig config =
        NodeConfig.builder()
            .environment(
                Map.of(
                    "TIDEGRID_HTTP_PROT", "1",
                    "TIDEGRID_SERVICE_PORT", "8000",
                    "TIDEGRID_JAVA_OPTS", "-Xmx1g",
                    "PATH", "/bin"))
            .build();

    assertThat(config.warnings())
        .hasSize(2)
        .anySatisfy(text -> assertThat(text).contains("Did you mean TIDEGRID_HTTP_PORT?"));
  }

  @ParameterizedTest
  @CsvSource({
    "http.port, 65536, a whole number from 0 to 65535",
    "http.port, eighty, a whole number from 0 to 65535",
    "query.timeout, 30, a duration such as",
    "query.timeout, -1s, a duration such as",
    "http.max-body, 32, a size such as",
    "http.max-body, 2TiB, a size such as",
    "storage, disk, one of embedded | database | memory",
    "security.mode, jwt, none",
    "grid.join, host:99999, host:port",
    "http.cors-origins, app.example, origins such as",
    "grid.shards, 0, a whole number from 1 to 1024"
  })
  void aBadValueIsNamedWithItsKeySourceAndWhatIsExpected(String key, String value, String wanted) {
    assertThat(problems(NodeConfig.builder().set(key, value, "--set")))
        .singleElement()
        .satisfies(problem ->
            assertThat(problem)
                .startsWith(key + " (--set): \"" + value + "\"")
                .contains("expected " + wanted));
  }

  @Test
  void aVariableThatKubernetesSetsIsToldFromAMistake() {
    NodeConfig.Builder builder =
        NodeConfig.builder().environment(Map.of("TIDEGRID_HTTP_PORT", "tcp://10.0.0.1:8000"));

    assertThat(problems(builder))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("enableServiceLinks: false"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "10.1.2.3", "::"})
  void anAddressForOthersNeedsSecurityModeSaid(String host) {
    assertThat(problems(NodeConfig.builder().set("http.host", host)))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("security.mode=none"));
    assertThat(
            NodeConfig.builder()
                .set("http.host", host)
                .set("security.mode", "none")
                .build()
                .securityMode())
        .contains(SecurityMode.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.5", "::1"})
  void aLoopbackAddressNeedsNoSecurityMode(String host) {
    assertThat(NodeConfig.builder().set("http.host", host).build().httpHost()).isEqualTo(host);
  }

  @Test
  void aGridPortForOthersIsWarnedOf() {
    assertThat(NodeConfig.builder().set("grid.host", "10.1.2.3").build().warnings())
        .singleElement()
        .satisfies(text -> assertThat(text).contains("neither encryption nor a login"));
  }

  @Test
  void joiningNeedsASharedDatabaseOrNone() {
    assertThat(problems(NodeConfig.builder().set("grid.join", "a:5701", "--join")))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("--join").contains("--database-url"));

    NodeConfig joined =
        NodeConfig.builder().set("grid.join", "a, b:7000,[::1]").set("storage", "memory").build();
    assertThat(joined.gridJoin()).containsExactly("a:5701", "b:7000", "[::1]:5701");
  }

  @Test
  void aDatabaseUrlMeansThatDatabase() {
    NodeConfig config =
        NodeConfig.builder()
            .environment(Map.of("DATABASE_URL", "postgresql+asyncpg://me:s%40cret@db/metrics"))
            .build();

    assertThat(config.storage()).isEqualTo(StorageMode.DATABASE);
    assertThat(config.databaseUrl()).contains("jdbc:postgresql://db/metrics");
    assertThat(config.databaseUser()).contains("me");
    assertThat(config.databasePassword()).contains("s@cret");
  }

  @Test
  void theStrongerSourceChoosesBetweenAStorageModeAndADatabase() {
    Map<String, String> environment = Map.of("DATABASE_URL", "jdbc:postgresql://db/metrics");

    NodeConfig memory =
        NodeConfig.builder().environment(environment).set("storage", "memory").build();
    assertThat(memory.storage()).isEqualTo(StorageMode.MEMORY);
    assertThat(memory.databaseUrl()).isEmpty();
    assertThat(memory.warnings()).hasSize(1);

    NodeConfig database =
        NodeConfig.builder().environment(environment).file(file("storage: memory")).build();
    assertThat(database.storage()).isEqualTo(StorageMode.DATABASE);
    assertThat(database.warnings()).hasSize(1);

    assertThat(
            problems(
                NodeConfig.builder()
                    .set("storage", "embedded")
                    .set("database.url", "jdbc:postgresql://db/metrics")))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("leave one of them out"));
    assertThat(problems(NodeConfig.builder().set("storage", "database"))).hasSize(1);
  }

  @Test
  void durableWritesNeedADatabase() {
    assertThat(problems(NodeConfig.builder().set("ingest.ack", "durable").set("storage", "memory")))
        .hasSize(1);
  }

  @Test
  void secretsComeFromFiles() throws IOException {
    Path secret = Files.writeString(dir.resolve("password"), "line\n");
    NodeConfig config =
        NodeConfig.builder()
            .environment(
                Map.of(
                    "TIDEGRID_DATABASE_URL",
                    "jdbc:postgresql://db/metrics?user=a&password=b",
                    "TIDEGRID_DATABASE_PASSWORD_FILE",
                    secret.toString()))
            .build();

    assertThat(config.databaseUser()).contains("a");
    assertThat(config.databasePassword()).contains("line");
    assertThat(
            problems(
                NodeConfig.builder()
                    .environment(
                        Map.of(
                            "TIDEGRID_DATABASE_PASSWORD",
                            "x",
                            "TIDEGRID_DATABASE_PASSWORD_FILE",
                            secret.toString()))))
        .hasSize(1);
    assertThat(
            problems(
                NodeConfig.builder()
                    .environment(Map.of("DATABASE_URL_FILE", dir.resolve("missing").toString()))))
        .hasSize(1);
  }

  @Test
  void theEmbeddedDatabaseMayHaveAPasswordOfOnesOwn() throws IOException {
    Path secret = Files.writeString(dir.resolve("embedded"), "hidden1\n");
    Map<String, String> variables =
        Map.of("TIDEGRID_STORAGE_EMBEDDED_PASSWORD_FILE", secret.toString());
    NodeConfig config = NodeConfig.builder().environment(variables).build();

    assertThat(config.storageEmbeddedPassword()).contains("hidden1");
    assertThat(config.describe())
        .contains("storage.embedded.password: \"***\"")
        .doesNotContain("hidden");
    assertThat(config.warnings()).isEmpty();
    assertThat(NodeConfig.builder().build().storageEmbeddedPassword()).isEmpty();
    assertThat(
            NodeConfig.builder().environment(variables).set("storage", "memory").build().warnings())
        .singleElement()
        .asString()
        .contains("storage.embedded.password");
    assertThat(problems(NodeConfig.builder().set("storage.embedded.password", "a\nb"))).hasSize(1);
  }

  @Test
  void secretsAreNeverShown() {
    NodeConfig config =
        NodeConfig.builder()
            .set("database.url", "postgresql://me:hidden1@db/metrics?password=hidden2")
            .set("database.password", "hidden3")
            .build();

    assertThat(config.describe())
        .contains("database.url: jdbc:postgresql://db/metrics ")
        .contains("database.user: me")
        .contains("storage: database")
        .contains("\"***\"");
    assertThat(config.toString()).doesNotContain("hidden");
    assertThat(problems(NodeConfig.builder().set("database.url", "mysql://me:hidden@db")))
        .singleElement()
        .satisfies(problem -> assertThat(problem).doesNotContain("hidden@").contains("postgresql"));
  }

  @Test
  void whatIsDescribedCanBeReadAgain() {
    NodeConfig config =
        NodeConfig.builder().set("storage", "memory").set("grid.join", "a:1,b:2").build();

    NodeConfig again = NodeConfig.builder().file(file(config.describe())).build();

    assertThat(again.gridJoin()).isEqualTo(config.gridJoin());
    assertThat(again.storage()).isEqualTo(StorageMode.MEMORY);
    assertThat(again.ingestOptions()).isEqualTo(config.ingestOptions());
  }

  @Test
  void variablesOfFeaturesToComeAreTakenAndNamed() {
    NodeConfig config =
        NodeConfig.builder()
            .environment(
                Map.of(
                    "JWT_SECRET_KEY", "s",
                    "RATE_LIMIT_PER_MINUTE", "5",
                    "DATABASE_POOL_SIZE", "20"))
            .build();

    assertThat(config.databasePoolSize()).isEqualTo(20);
    assertThat(config.warnings())
        .hasSize(2)
        .allSatisfy(text -> assertThat(text).contains("not used yet"));
  }

  @Test
  void valuesInFilesAreTakenAsWritten() {
    NodeConfig config =
        NodeConfig.builder()
            .file(file("grid:\n  cluster-name: 010\n  join: [a:1, b]\nstorage: memory\n"))
            .build();

    assertThat(config.gridClusterName()).isEqualTo("010");
    assertThat(config.gridJoin()).containsExactly("a:1", "b:5701");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "just words",
        "http: [",
        "http:\n  port: 1\nhttp.port: 2",
        "http:\n  port: {a: 1}",
        "grid.join: [{a: 1}]",
        "? [a]\n: 1",
        "a: &x\n  b: *x"
      })
  void aFileThatCannotBeUnderstoodIsRefused(String content) {
    assertThat(problems(NodeConfig.builder().file(file(content)))).isNotEmpty();
  }

  @Test
  void aMissingOrUnreadableFileIsRefused() throws IOException {
    assertThat(problems(NodeConfig.builder().file(dir.resolve("none.yaml"))))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("no such configuration file"));
    Path binary = Files.write(dir.resolve("binary.yaml"), new byte[] {(byte) 0xff, 0, 1});
    assertThat(problems(NodeConfig.builder().file(binary))).hasSize(1);
  }

  @Test
  void aLargerBodyAloneImpliesRoomForIt() {
    assertThat(NodeConfig.builder().set("http.max-body", "256MiB").build().httpMaxDecompressed())
        .isEqualTo(256L << 20);
    assertThat(
            problems(
                NodeConfig.builder()
                    .set("http.max-body", "2MiB")
                    .set("http.max-decompressed", "1MiB")))
        .hasSize(1);
  }

  private Path file(String content) {
    try {
      return Files.writeString(dir.resolve("tidegrid.yaml"), content);
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  @Test
  void rollupsAndRetentionHaveTheirKeys() {
    NodeConfig byDefault = NodeConfig.builder().build();
    assertThat(byDefault.rollupEnabled()).isTrue();
    assertThat(byDefault.rollupOptions()).isEqualTo(RollupOptions.DEFAULT);
    assertThat(byDefault.rollupMaxPending()).isEqualTo(64L << 20);
    assertThat(byDefault.retention(Tier.ONE_MINUTE)).isEqualTo(Duration.ofDays(90));
    assertThat(byDefault.retention(Tier.FIVE_MINUTES)).isEqualTo(Duration.ofDays(90));
    assertThat(byDefault.retention(Tier.ONE_HOUR)).isZero();
    assertThat(byDefault.retention(Tier.ONE_DAY)).isZero();
    assertThat(byDefault.retentionTenants()).isEmpty();

    NodeConfig set =
        NodeConfig.builder()
            .set("rollup.grace", "10s")
            .set("rollup.quiet", "1s")
            .set("retention.1h", "2y")
            .set("retention.tenants", " acme = 90d, beta=7d,, gamma=0 ")
            .build();
    assertThat(set.rollupOptions().grace()).isEqualTo(Duration.ofSeconds(10));
    assertThat(set.rollupOptions().quiet()).isEqualTo(Duration.ofSeconds(1));
    assertThat(set.retention(Tier.ONE_HOUR)).isEqualTo(Duration.ofDays(730));
    assertThat(set.retentionTenants())
        .isEqualTo(
            Map.of(
                "acme", Duration.ofDays(90), "beta", Duration.ofDays(7), "gamma", Duration.ZERO));
    assertThat(NodeConfig.builder().set("rollup.enabled", "False").build().rollupEnabled())
        .isFalse();
    assertThat(NodeConfig.builder().set("storage", "memory").build().rollupEnabled()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"90d", "acme", "acme=", "=7d", "acme=7", "a b=7d", "acme=7d,acme=8d", "acme:7d"})
  void aTenantsRetentionThatCannotBeReadIsRefusedWithTheForm(String text) {
    assertThat(problems(NodeConfig.builder().set("retention.tenants", text)))
        .singleElement()
        .asString()
        .contains("retention.tenants")
        .contains("acme=90d,beta=7d");
  }

  @Test
  void windowsMustBeKeptUntilTheirDayIsComputed() {
    assertThat(problems(NodeConfig.builder().set("retention.1h", "6h")))
        .singleElement()
        .asString()
        .contains("retention.1h")
        .contains("at least 2d, or 0 for ever");
    assertThat(problems(NodeConfig.builder().set("rollup.enabled", "maybe")))
        .singleElement()
        .asString()
        .contains("true | false");
  }

  @Test
  void theDatabaseKeepsEventsForAsLongAsTheyAreToldApart() {
    assertThat(problems(NodeConfig.builder().set("retention.events", "23h")))
        .singleElement()
        .asString()
        .contains("retention.events", "is 23h", "events.dedup-window", "is 24h");
    assertThat(
            problems(
                NodeConfig.builder()
                    .set("retention.events", "60d")
                    .set("events.dedup-window", "61d")))
        .singleElement()
        .asString()
        .contains("retention.events", "is 60d", "events.dedup-window", "is 61d");
    for (String keep : List.of("24h", "0")) {
      assertThat(NodeConfig.builder().set("retention.events", keep).build().warnings()).isEmpty();
    }
    // Without a database nothing is kept there.
    assertThat(NodeConfig.builder().set("retention.events", "1h").set("storage", "memory").build())
        .isNotNull();
  }

  private static List<String> problems(NodeConfig.Builder builder) {
    return catchThrowableOfType(ConfigException.class, builder::build).problems();
  }
}
