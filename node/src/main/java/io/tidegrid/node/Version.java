package io.tidegrid.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of this software. */
public final class Version {

  private static final String WRITTEN_BY_THE_BUILD =
      "/META-INF/maven/io.tidegrid/tidegrid-node/pom.properties";

  private Version() {}

  /** Returns the version, such as {@code 0.1.0}; {@code development} outside a packaged jar. */
  public static String text() {
    try (InputStream in = Version.class.getResourceAsStream(WRITTEN_BY_THE_BUILD)) {
      if (in == null) {
        return "development";
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version", "development");
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
