package io.tidegrid.node;

import java.io.Serial;
import java.util.List;

/** The configuration cannot be used. Holds every problem found, not only the first. */
public final class ConfigException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1L;

  private final String[] problems;

  /** For the given problems, each a sentence that names key, source and remedy. */
  public ConfigException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = problems.toArray(String[]::new);
  }

  /** Returns the problems, at least one. */
  public List<String> problems() {
    return List.of(problems);
  }
}
