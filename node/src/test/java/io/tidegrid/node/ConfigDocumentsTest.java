package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The documents about configuration say what the code does. With {@code -Dtidegrid.docs.write=true}
 * the test writes the table and the file anew instead of comparing them.
 */
class ConfigDocumentsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path TABLE = ROOT.resolve("docs/configuration.md");
  private static final Path SAMPLE = ROOT.resolve("config/tidegrid.yaml");
  private static final String BEGIN = "<!-- keys: begin, generated -->\n";
  private static final String END = "<!-- keys: end -->\n";

  @Test
  void theTableOfKeysIsThatOfTheCode() throws IOException {
    String document = Files.readString(TABLE);
    int begin = document.indexOf(BEGIN) + BEGIN.length();
    int end = document.indexOf(END);
    String wanted = document.substring(0, begin) + table() + document.substring(end);
    if (Boolean.getBoolean("tidegrid.docs.write")) {
      Files.writeString(TABLE, wanted);
    }
    assertThat(Files.readString(TABLE))
        .as("run this test with -Dtidegrid.docs.write=true to renew the table")
        .isEqualTo(wanted);
  }

  @Test
  void theSampleFileHoldsEveryKeyWithItsDefault() throws IOException {
    if (Boolean.getBoolean("tidegrid.docs.write")) {
      Files.writeString(SAMPLE, sample());
    }
    List<String> problems = new ArrayList<>();
    Map<String, String> values =
        ConfigFile.read(SAMPLE, problems).stream()
            .collect(
                Collectors.toMap(
                    ConfigFile.Entry::key, ConfigFile.Entry::value, (a, b) -> b, TreeMap::new));
    Map<String, String> defaults =
        ConfigKeys.all().stream()
            .collect(
                Collectors.toMap(
                    ConfigKey::name, ConfigKey::defaultText, (a, b) -> b, TreeMap::new));

    assertThat(problems).isEmpty();
    assertThat(values).isEqualTo(defaults);
    assertThat(Files.readString(SAMPLE))
        .as("run this test with -Dtidegrid.docs.write=true to renew the file")
        .isEqualTo(sample());
  }

  @Test
  void theSampleFileChangesNothing() {
    NodeConfig sampled = NodeConfig.builder().file(SAMPLE).build();

    assertThat(sampled.warnings()).isEmpty();
    assertThat(withoutSources(sampled)).isEqualTo(withoutSources(NodeConfig.builder().build()));
  }

  @Test
  void everyVariableWithoutAnEffectIsNamed() throws IOException {
    assertThat(Files.readString(TABLE)).contains(Environment.NOT_USED_YET.keySet());
  }

  private static String withoutSources(NodeConfig config) {
    return config.describe().replaceAll(" +#.*", "");
  }

  private static String table() {
    StringBuilder table = new StringBuilder();
    table.append("| key | type | default | what it does |\n|---|---|---|---|\n");
    for (ConfigKey<?> key : ConfigKeys.all()) {
      String byDefault = key.defaultText().isEmpty() ? "not set" : "`" + key.defaultText() + "`";
      table.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(
                  key.name(),
                  escaped(key.type().label()),
                  byDefault,
                  escaped(key.doc() + (key.secret() ? " Never shown." : ""))));
    }
    return table.toString();
  }

  private static String escaped(String text) {
    return text.replace("|", "\\|");
  }

  private static String sample() {
    StringBuilder yaml = new StringBuilder();
    yaml.append("# Every setting of a node with its default. Give it to a node with\n");
    yaml.append("#   ./tidegrid up --config config/tidegrid.yaml\n");
    yaml.append(
        "# A flag wins over an environment variable, that over this file. An empty value\n");
    yaml.append(
        "# means: not set. Durations: 500ms 90s 5m 1h 7d. Sizes: KiB MiB GiB are powers of\n");
    yaml.append("# 1024, KB MB GB powers of 1000. Keys may be nested or written with dots.\n");
    String section = "";
    for (ConfigKey<?> key : ConfigKeys.all()) {
      // The key storage has a value of its own, so that none can be nested in it.
      boolean nested = key.name().indexOf('.') > 0 && !key.name().startsWith("storage.");
      String own = nested ? key.name().substring(0, key.name().indexOf('.')) : "";
      if (nested && !own.equals(section)) {
        yaml.append('\n').append(own).append(":\n");
      } else if (!nested) {
        yaml.append('\n');
      }
      section = own;
      String indent = nested ? "  " : "";
      String text = key.doc().replace("`", "") + " (" + key.type().label() + ")";
      wrap(text, 96 - indent.length())
          .forEach(line -> yaml.append(indent).append("# ").append(line).append('\n'));
      String value = key.defaultText().isEmpty() ? "\"\"" : key.defaultText();
      String name = nested ? key.name().substring(own.length() + 1) : key.name();
      yaml.append(indent).append(name).append(": ").append(value).append('\n');
    }
    return yaml.toString();
  }

  private static List<String> wrap(String text, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }
}
