package io.tidegrid.node;

import io.tidegrid.model.NearestName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What environment variables say: {@code TIDEGRID_…} for every key, the same with {@code _FILE} for
 * those that one keeps in files, and common names such as {@code DATABASE_URL}.
 */
final class Environment {

  /** Names that other programs use for the same thing; the project's own name wins. */
  private static final Map<String, ConfigKey<?>> ALIASES =
      Map.of(
          "CORS_ORIGINS", ConfigKeys.HTTP_CORS_ORIGINS,
          "DATABASE_URL", ConfigKeys.DATABASE_URL,
          "DATABASE_POOL_SIZE", ConfigKeys.DATABASE_POOL_SIZE,
          "WEBSOCKET_HEARTBEAT_INTERVAL", ConfigKeys.WEBSOCKET_HEARTBEAT,
          "WEBSOCKET_MAX_CONNECTIONS", ConfigKeys.WEBSOCKET_MAX_CONNECTIONS);

  /** Names whose number without a unit means seconds, as other programs have it. */
  private static final Set<String> IN_SECONDS = Set.of("WEBSOCKET_HEARTBEAT_INTERVAL");

  /** Accepted so that an existing environment can be kept, but without an effect yet. */
  static final Map<String, String> NOT_USED_YET =
      new TreeMap<>(
          Map.of(
              "BATCH_INSERT_SIZE", "batches are sized by what waits",
              "CACHE_TTL", "queries read live memory",
              "JWT_SECRET_KEY", "there is no authentication yet",
              "RATE_LIMIT_INGESTION", "there are no rate limits yet",
              "RATE_LIMIT_PER_MINUTE", "there are no rate limits yet",
              "RATE_LIMIT_QUERY", "there are no rate limits yet"));

  private static final List<ConfigKey<?>> FILE_KEYS =
      List.of(
          ConfigKeys.DATABASE_URL,
          ConfigKeys.DATABASE_USER,
          ConfigKeys.DATABASE_PASSWORD,
          ConfigKeys.STORAGE_EMBEDDED_PASSWORD);

  private static final String PREFIX = "TIDEGRID_";

  /** Read by the launcher or the command line, not settings of a node. */
  private static final Set<String> OF_THE_LAUNCHER =
      Set.of("TIDEGRID_CONFIG", "TIDEGRID_JAVA_OPTS", "TIDEGRID_HOME", "TIDEGRID_NO_AOT");

  /**
   * A variable that sets a key.
   *
   * @param name the variable, as it is named in messages
   * @param value what it, or the file it names, says
   */
  record Variable(String name, String value) {}

  private final Map<String, String> variables;
  private final List<String> problems;
  private final List<String> warnings;

  private Environment(Map<String, String> variables, List<String> problems, List<String> warnings) {
    this.variables = variables;
    this.problems = problems;
    this.warnings = warnings;
  }

  /** Returns what the variables set, and adds to the problems and warnings. */
  static Map<ConfigKey<?>, Variable> read(
      Map<String, String> variables, List<String> problems, List<String> warnings) {
    return new Environment(variables, problems, warnings).read();
  }

  private Map<ConfigKey<?>, Variable> read() {
    Map<ConfigKey<?>, Variable> found = new LinkedHashMap<>();
    ALIASES.forEach((name, key) -> variable(key, name).ifPresent(v -> found.put(key, v)));
    for (ConfigKey<?> key : ConfigKeys.all()) {
      variable(key, key.environmentVariable()).ifPresent(v -> found.put(key, v));
    }
    warnOfUnknown();
    NOT_USED_YET.forEach((name, reason) -> {
      if (isSet(name)) {
        warnings.add("The variable " + name + " is not used yet: " + reason + ".");
      }
    });
    return found;
  }

  private Optional<Variable> variable(ConfigKey<?> key, String name) {
    String inFile = name + "_FILE";
    if (FILE_KEYS.contains(key) && isSet(inFile)) {
      if (isSet(name)) {
        problems.add(name + " and " + inFile + " are both set: unset one of them");
        return Optional.empty();
      }
      try {
        String content = Files.readString(Path.of(variables.get(inFile)));
        // Editors and echo end a file with a line break that is no part of the secret.
        return Optional.of(new Variable(inFile, content.replaceFirst("[\\r\\n]+\\z", "")));
      } catch (IOException | IllegalArgumentException unreadable) {
        problems.add(
            inFile + " names " + variables.get(inFile) + ", which cannot be read: " + unreadable);
        return Optional.empty();
      }
    }
    if (!isSet(name)) {
      return Optional.empty();
    }
    String value = variables.get(name).strip();
    boolean plain = IN_SECONDS.contains(name) && value.matches("[0-9.]+");
    return Optional.of(new Variable(name, plain ? value + "s" : value));
  }

  private void warnOfUnknown() {
    List<String> known = new ArrayList<>(OF_THE_LAUNCHER);
    ConfigKeys.all().forEach(key -> known.add(key.environmentVariable()));
    FILE_KEYS.forEach(key -> known.add(key.environmentVariable() + "_FILE"));
    for (String name : new TreeMap<>(variables).keySet()) {
      if (name.startsWith(PREFIX) && !known.contains(name)) {
        String hint =
            NearestName.of(name, known).map(near -> " Did you mean " + near + "?").orElse("");
        warnings.add("The variable " + name + " is not known and has no effect." + hint);
      }
    }
  }

  /** An empty variable says nothing: container tools pass unset ones that way. */
  private boolean isSet(String name) {
    return !variables.getOrDefault(name, "").isBlank();
  }
}
