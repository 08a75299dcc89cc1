package io.tidegrid.node;

import java.util.Locale;

/**
 * One setting of a node.
 *
 * @param name the name in files and after {@code --set}, such as {@code http.port}
 * @param type how its text is read
 * @param defaultText the default as one would write it; empty when there is none
 * @param doc what it does, in sentences, with the meaning of special values
 * @param secret whether its value must never be shown
 * @param <T> the type of its value
 */
public record ConfigKey<T>(
    String name, ConfigType<T> type, String defaultText, String doc, boolean secret) {

  /** Returns the environment variable that sets it, such as {@code TIDEGRID_HTTP_PORT}. */
  public String environmentVariable() {
    return "TIDEGRID_" + name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
