package io.tidegrid.node;

import io.tidegrid.http.HttpOptions;
import io.tidegrid.persist.CompactionOptions;
import io.tidegrid.persist.PersistOptions;

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
        config.shutdownGrace());
  }

  static CompactionOptions compaction(NodeConfig config) {
    return new CompactionOptions(
        config.compactionDelay(), config.compactionShare() / 100.0, config.retentionRaw());
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
