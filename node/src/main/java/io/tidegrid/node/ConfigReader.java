package io.tidegrid.node;

import io.tidegrid.node.NodeConfig.Origin;
import io.tidegrid.node.NodeConfig.Setting;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Brings all sources of a configuration together, the weakest first. */
final class ConfigReader {

  /** What somebody wrote somewhere. */
  record Written(String key, String value, Origin origin, String source) {}

  private ConfigReader() {}

  /** Reads and checks everything; throws {@link ConfigException} naming every problem. */
  static NodeConfig read(
      Optional<Path> file, Map<String, String> environment, List<Written> flags) {
    List<String> problems = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    List<Written> written = new ArrayList<>();
    file.ifPresent(path -> written.addAll(fromFile(path, problems)));
    Environment.read(environment, problems, warnings)
        .forEach((key, variable) ->
            written.add(
                new Written(key.name(), variable.value(), Origin.ENVIRONMENT, variable.name())));
    written.addAll(flags);

    Map<String, Setting> settings = new LinkedHashMap<>();
    for (ConfigKey<?> key : ConfigKeys.all()) {
      Object value = key.defaultText().isEmpty() ? emptyDefault(key) : parse(key);
      settings.put(key.name(), new Setting(value, key.defaultText(), Origin.DEFAULT, "default"));
    }
    for (Written entry : written) {
      ConfigKeys.of(entry.key())
          .ifPresentOrElse(
              key -> apply(key, entry, settings, problems), () -> problems.add(unknown(entry)));
    }
    ConfigChecks checks = new ConfigChecks(settings, problems, warnings);
    StorageMode storage = checks.run();
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return new NodeConfig(settings, storage, warnings);
  }

  private static List<Written> fromFile(Path path, List<String> problems) {
    List<Written> written = new ArrayList<>();
    Map<String, Integer> lines = new HashMap<>();
    for (ConfigFile.Entry entry : ConfigFile.read(path, problems)) {
      String source = path + " line " + entry.line();
      Integer before = lines.put(entry.key(), entry.line());
      if (before != null) {
        problems.add(source + ": \"" + entry.key() + "\" is already set in line " + before);
      }
      written.add(new Written(entry.key(), entry.value(), Origin.FILE, source));
    }
    return written;
  }

  private static void apply(
      ConfigKey<?> key, Written entry, Map<String, Setting> settings, List<String> problems) {
    String text = entry.value().strip();
    if (text.isEmpty()) {
      return;
    }
    try {
      settings.put(
          key.name(), new Setting(key.type().parse(text), text, entry.origin(), entry.source()));
    } catch (IllegalArgumentException bad) {
      String shown = key.secret() ? "the value (hidden)" : "\"" + text + "\"";
      String hint =
          text.startsWith("tcp://")
              ? "; Kubernetes sets such variables for services, enableServiceLinks: false"
                  + " ends that"
              : "";
      problems.add(
          "%s (%s): %s is not valid, expected %s%s"
              .formatted(key.name(), entry.source(), shown, key.type().expected(), hint));
    }
  }

  private static Object parse(ConfigKey<?> key) {
    return key.type().parse(key.defaultText());
  }

  /** A list without elements is empty; everything else without a default is not there. */
  private static Object emptyDefault(ConfigKey<?> key) {
    if (key.equals(ConfigKeys.RETENTION_TENANTS)) {
      return Map.of();
    }
    boolean list = key.equals(ConfigKeys.GRID_JOIN) || key.equals(ConfigKeys.HTTP_CORS_ORIGINS);
    return list ? List.of() : null;
  }

  private static String unknown(Written entry) {
    String hint =
        ConfigKeys.nearest(entry.key())
            .map(near -> "; did you mean \"" + near + "\"?")
            .orElse("; docs/configuration.md lists all keys");
    return entry.source() + ": unknown key \"" + entry.key() + "\"" + hint;
  }
}
