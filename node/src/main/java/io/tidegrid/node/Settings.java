package io.tidegrid.node;

import io.tidegrid.http.HttpOptions;
import io.tidegrid.persist.CompactionOptions;
import io.tidegrid.persist.PersistOptions;
import io.tidegrid.persist.RetentionOptions;
import io.tidegrid.persist.RetentionOptions.Keep;
import io.tidegrid.query.Retentions;
import io.tidegrid.query.Source;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Turns a node's configuration into the options of its parts. */
final class Settings {

  private Settings() {}

  static PersistOptions persistence(NodeConfig config) {
    PersistOptions base = PersistOptions.embedded(config.dataDir());
    return new PersistOptions(
        config.databaseUrl(),
        config.databaseUser(),
        config.databasePassword(),
        config.dataDir(),
        config.storageEmbeddedPort(),
        config.databasePoolSize(),
        config.persistMaxPending(),
        config.persistMaxPendingAge(),
        config.persistWriteDelay(),
        base.sweepAge(),
        config.persistCommitTimeout(),
        config.databaseStatementTimeout(),
        config.memoryRetention(),
        config.shutdownGrace(),
        config.storageEmbeddedPassword());
  }

  static CompactionOptions compaction(NodeConfig config) {
    return new CompactionOptions(
        config.compactionDelay(), config.compactionShare() / 100.0, config.retentionRaw());
  }

  static RetentionOptions retention(NodeConfig config) {
    Keep keep =
        new Keep(
            config.retentionRaw(),
            config.retention(Tier.ONE_MINUTE),
            config.retention(Tier.FIVE_MINUTES),
            config.retention(Tier.ONE_HOUR),
            config.retention(Tier.ONE_DAY));
    Map<String, Keep> tenants = new HashMap<>();
    config.retentionTenants().forEach((tenant, raw) -> tenants.put(tenant, keep.withRaw(raw)));
    return new RetentionOptions(keep, tenants);
  }

  /** Tenants whose retention was said apart see nothing older, stored still or not. */
  static Retentions retentions(NodeConfig config, InstantSource clock) {
    Map<String, Duration> tenants = config.retentionTenants();
    return (tenant, source) -> {
      Duration raw = tenants.getOrDefault(tenant, Duration.ZERO);
      return raw.isZero() || !source.equals(Source.RAW.text())
          ? Long.MIN_VALUE
          : clock.millis() - raw.toMillis();
    };
  }

  static HttpOptions http(NodeConfig config) {
    return new HttpOptions(
        config.httpHost(),
        config.httpPort(),
        config.httpMaxBody(),
        config.httpMaxDecompressed(),
        config.httpMaxBuffered(),
        config.httpMaxConnections(),
        config.queryOptions().timeout(),
        config.httpIdleTimeout(),
        config.httpGzipFrom(),
        config.httpCorsOrigins());
  }

  /** Returns what members that persist in the same place have in common; no secrets. */
  static String storageIdentity(NodeConfig config) {
    return switch (config.storage()) {
      case MEMORY -> "memory";
      case EMBEDDED -> "embedded";
      case DATABASE -> config.databaseUrl().orElseThrow();
    };
  }

  static String storageText(NodeConfig config) {
    return switch (config.storage()) {
      case MEMORY -> "memory only; nothing is left after the last member stops";
      case EMBEDDED -> "embedded PostgreSQL in " + config.dataDir().toAbsolutePath().normalize();
      case DATABASE -> config.databaseUrl().orElseThrow();
    };
  }
}
