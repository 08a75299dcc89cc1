package io.tidegrid.node;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Reads a configuration file: YAML, nested or with dots in the keys, both as one likes. Values are
 * taken as they are written, so that neither {@code 12:30} nor {@code 010} turns into a number.
 */
final class ConfigFile {

  private static final int MAX_DEPTH = 8;
  private static final int MAX_BYTES = 1 << 20;

  /**
   * One value of the file.
   *
   * @param key the whole key, levels joined by dots
   * @param value the text as written; elements of a list joined by commas
   * @param line where it stands, from 1
   */
  record Entry(String key, String value, int line) {}

  private final Path file;
  private final List<String> problems;
  private final List<Entry> entries = new ArrayList<>();

  private ConfigFile(Path file, List<String> problems) {
    this.file = file;
    this.problems = problems;
  }

  /** Returns what the file says, in its order; what cannot be read is added to the problems. */
  static List<Entry> read(Path file, List<String> problems) {
    ConfigFile reading = new ConfigFile(file, problems);
    try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      if (Files.size(file) > MAX_BYTES) {
        problems.add(file + ": larger than " + Sizes.format(MAX_BYTES) + ", not a configuration");
        return List.of();
      }
      Node root = new Yaml(new SafeConstructor(new LoaderOptions())).compose(reader);
      if (root instanceof MappingNode mapping) {
        reading.flatten("", mapping, 0);
      } else if (root != null && !isBlank(root)) {
        problems.add(file + ": expected keys and values, such as \"http.port: 8000\"");
      }
    } catch (NoSuchFileException missing) {
      problems.add(file + ": no such configuration file");
    } catch (CharacterCodingException notText) {
      problems.add(file + ": not a text in UTF-8");
    } catch (MarkedYAMLException notYaml) {
      String at = notYaml.getProblemMark() == null ? "" : at(notYaml.getProblemMark().getLine());
      problems.add(file + at + ": not YAML: " + notYaml.getProblem());
    } catch (YAMLException notYaml) {
      problems.add(file + ": not YAML: " + notYaml.getMessage());
    } catch (IOException unreadable) {
      problems.add(file + ": cannot be read: " + unreadable.getMessage());
    }
    return reading.entries;
  }

  private void flatten(String prefix, MappingNode mapping, int depth) {
    for (NodeTuple tuple : mapping.getValue()) {
      int line = tuple.getKeyNode().getStartMark().getLine();
      if (!(tuple.getKeyNode() instanceof ScalarNode name)) {
        problems.add(file + at(line) + ": a key must be a plain word");
        continue;
      }
      String key = prefix + name.getValue().strip();
      switch (tuple.getValueNode()) {
        case ScalarNode scalar -> entries.add(new Entry(key, text(scalar), line + 1));
        case SequenceNode sequence -> list(key, sequence, line);
        case MappingNode nested when depth < MAX_DEPTH -> flatten(key + ".", nested, depth + 1);
        default -> problems.add(file + at(line) + ": nested too deeply below \"" + key + "\"");
      }
    }
  }

  private void list(String key, SequenceNode sequence, int line) {
    List<String> values = new ArrayList<>();
    for (Node element : sequence.getValue()) {
      if (element instanceof ScalarNode scalar) {
        values.add(text(scalar));
      } else {
        problems.add(file + at(line) + ": the list of \"" + key + "\" may hold plain values only");
        return;
      }
    }
    entries.add(new Entry(key, String.join(",", values), line + 1));
  }

  private static boolean isBlank(Node node) {
    return node instanceof ScalarNode scalar && text(scalar).isBlank();
  }

  private static String text(ScalarNode scalar) {
    boolean isNull =
        scalar.isPlain() && (scalar.getValue().equals("~") || scalar.getValue().equals("null"));
    return isNull ? "" : scalar.getValue();
  }

  private static String at(int line) {
    return " line " + (line + 1);
  }
}
