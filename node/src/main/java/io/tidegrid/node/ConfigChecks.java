package io.tidegrid.node;

import io.tidegrid.ingest.Ack;
import io.tidegrid.node.NodeConfig.Origin;
import io.tidegrid.node.NodeConfig.Setting;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Rules over several keys at once. */
final class ConfigChecks {

  private static final Duration LEAST_KEPT = Duration.ofDays(2);

  private final Map<String, Setting> settings;
  private final List<String> problems;
  private final List<String> warnings;

  ConfigChecks(Map<String, Setting> settings, List<String> problems, List<String> warnings) {
    this.settings = settings;
    this.problems = problems;
    this.warnings = warnings;
  }

  /** Checks everything and returns where samples are kept beside memory. */
  StorageMode run() {
    StorageMode storage = storage();
    checkCluster(storage);
    checkSecurity();
    checkEmbedded(storage);
    checkSizes();
    checkRetention();
    checkEvents(storage);
    if (storage == StorageMode.MEMORY && value(ConfigKeys.INGEST_ACK) == Ack.DURABLE) {
      problems.add(
          "ingest.ack (%s): \"durable\" needs a database, but storage is \"memory\""
              .formatted(setting(ConfigKeys.INGEST_ACK).source()));
    }
    return storage;
  }

  /**
   * A database URL means that database. Where another mode is said as well, the stronger source
   * wins, so that {@code --storage memory} works with a {@code DATABASE_URL} in the environment.
   */
  private StorageMode storage() {
    Setting mode = setting(ConfigKeys.STORAGE);
    Setting url = setting(ConfigKeys.DATABASE_URL);
    boolean hasUrl = url.value() != null;
    StorageMode said = (StorageMode) mode.value();
    if (!hasUrl) {
      if (said == StorageMode.DATABASE) {
        problems.add(
            "storage (%s): \"database\" needs database.url (--database-url)"
                .formatted(mode.source()));
      }
      if (value(ConfigKeys.DATABASE_USER) != null || value(ConfigKeys.DATABASE_PASSWORD) != null) {
        warnings.add(
            "database.user and database.password have no effect without database.url"
                + " (--database-url).");
      }
      return said;
    }
    if (said == StorageMode.DATABASE || mode.origin() == Origin.DEFAULT) {
      return StorageMode.DATABASE;
    }
    if (mode.origin().compareTo(url.origin()) < 0) {
      warnings.add(
          "storage (%s) has no effect: database.url (%s) names a database."
              .formatted(mode.source(), url.source()));
      return StorageMode.DATABASE;
    }
    if (mode.origin() == url.origin()) {
      problems.add(
          "storage (%s) is \"%s\", but database.url (%s) names a database: leave one of them out"
              .formatted(mode.source(), mode.text(), url.source()));
    } else {
      warnings.add(
          "database.url (%s) has no effect: storage (%s) is \"%s\"."
              .formatted(url.source(), mode.source(), mode.text()));
    }
    return said;
  }

  private void checkEmbedded(StorageMode storage) {
    Setting password = setting(ConfigKeys.STORAGE_EMBEDDED_PASSWORD);
    if (password.value() instanceof String text && text.lines().count() > 1) {
      problems.add(
          "storage.embedded.password (%s): the password must be one line"
              .formatted(password.source()));
    }
    if (password.value() != null && storage != StorageMode.EMBEDDED) {
      warnings.add(
          "storage.embedded.password (%s) has no effect: the node runs no PostgreSQL of its own."
              .formatted(password.source()));
    }
  }

  private void checkCluster(StorageMode storage) {
    Setting join = setting(ConfigKeys.GRID_JOIN);
    boolean joins = !((List<?>) join.value()).isEmpty();
    if (joins && storage == StorageMode.EMBEDDED) {
      problems.add(
          "grid.join (%s): members of one cluster share one database; name it with --database-url"
                  .formatted(join.source())
              + " (database.url), or run all of them with --storage memory");
    }
    Setting host = setting(ConfigKeys.GRID_HOST);
    if (!isLoopback(ConfigKeys.GRID_HOST)) {
      warnings.add(
          "grid.host (%s) is %s: the grid port has neither encryption nor a login, so let only"
                  .formatted(host.source(), host.text())
              + " members of the cluster reach it.");
    }
  }

  private void checkSecurity() {
    Setting host = setting(ConfigKeys.HTTP_HOST);
    if (value(ConfigKeys.SECURITY_MODE) == null && !isLoopback(ConfigKeys.HTTP_HOST)) {
      problems.add(
          "http.host (%s): %s can be reached from other machines, and there is no authentication;"
                  .formatted(host.source(), host.text())
              + " if everybody who reaches it may read and write, say so with"
              + " --set security.mode=none, otherwise bind 127.0.0.1");
    }
  }

  private void checkSizes() {
    Setting body = setting(ConfigKeys.HTTP_MAX_BODY);
    Setting decompressed = setting(ConfigKeys.HTTP_MAX_DECOMPRESSED);
    if ((long) body.value() > (long) decompressed.value()) {
      // A larger body alone implies more room for what is in it; only a stated conflict is one.
      if (decompressed.origin() == Origin.DEFAULT) {
        settings.put(
            ConfigKeys.HTTP_MAX_DECOMPRESSED.name(),
            new Setting(body.value(), body.text(), Origin.DEFAULT, "as http.max-body"));
      } else {
        problems.add(
            "http.max-body (%s) is %s, more than http.max-decompressed (%s), which is %s"
                .formatted(body.source(), body.text(), decompressed.source(), decompressed.text()));
      }
    }
  }

  /** Windows are computed from shorter ones a while after their end, which must be there then. */
  private void checkRetention() {
    for (ConfigKey<Duration> key :
        List.of(
            ConfigKeys.RETENTION_1M,
            ConfigKeys.RETENTION_5M,
            ConfigKeys.RETENTION_1H,
            ConfigKeys.RETENTION_1D)) {
      Duration keep = (Duration) value(key);
      if (!keep.isZero() && keep.compareTo(LEAST_KEPT) < 0) {
        problems.add(
            "%s (%s): %s is too short for windows that are computed when their day has ended; say"
                    .formatted(key.name(), setting(key).source(), setting(key).text())
                + " at least "
                + Durations.format(LEAST_KEPT)
                + ", or 0 for ever");
      }
    }
  }

  /** An event that the database forgets first could come back as new where memory forgets early. */
  private void checkEvents(StorageMode storage) {
    Setting keep = setting(EventConfigKeys.RETENTION);
    Setting window = setting(EventConfigKeys.DEDUP_WINDOW);
    Duration kept = (Duration) keep.value();
    if (storage != StorageMode.MEMORY
        && !kept.isZero()
        && kept.compareTo((Duration) window.value()) < 0) {
      problems.add(
          "retention.events (%s) is %s, shorter than events.dedup-window (%s), which is %s: the"
                  .formatted(keep.source(), keep.text(), window.source(), window.text())
              + " database must know ids for at least as long as they are told apart; lengthen the"
              + " one (0: for ever) or shorten the other");
    }
  }

  private boolean isLoopback(ConfigKey<String> key) {
    Setting setting = setting(key);
    try {
      return Addresses.isLoopback(setting.text());
    } catch (UnknownHostException unresolved) {
      problems.add(
          "%s (%s): \"%s\" is no address of this machine and no name that resolves to one"
              .formatted(key.name(), setting.source(), setting.text()));
      // The rest of the checks would only repeat it.
      return true;
    }
  }

  private Setting setting(ConfigKey<?> key) {
    return settings.get(key.name());
  }

  private Object value(ConfigKey<?> key) {
    return setting(key).value();
  }
}
