package io.tidegrid.persist;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Properties;

/**
 * A database address taken apart: a JDBC URL without credentials, which may be logged, and the
 * credentials, which may not.
 *
 * @param jdbcUrl {@code jdbc:postgresql://host[:port][,host…]/database}, without parameters
 * @param user the user, if the URL names one
 * @param password the password, if the URL holds one
 * @param parameters the driver's other parameters
 */
public record DatabaseUrl(
    String jdbcUrl, Optional<String> user, Optional<String> password, Properties parameters) {

  /**
   * Takes {@code jdbc:postgresql://…}, {@code postgresql://user:password@host/db}, {@code
   * postgres://…} and the SQLAlchemy spellings {@code postgresql+asyncpg://…}. User and password
   * are percent-decoded.
   *
   * @throws IllegalArgumentException when it is none of these; the message holds no part of the URL
   *     behind the scheme
   */
  public static DatabaseUrl parse(String url) {
    String text = url.trim();
    boolean jdbc = text.startsWith("jdbc:");
    if (jdbc) {
      text = text.substring("jdbc:".length());
    }
    int schemeEnd = text.indexOf("://");
    String scheme =
        schemeEnd < 0 ? text.replaceAll("[^a-zA-Z+].*", "") : text.substring(0, schemeEnd);
    boolean known =
        scheme.equals("postgresql")
            || (!jdbc && (scheme.equals("postgres") || scheme.matches("postgresql\\+[a-z0-9]+")));
    if (schemeEnd < 0 || !known) {
      throw new IllegalArgumentException(
          "the database URL must start with postgresql:// or jdbc:postgresql://, not "
              + (scheme.isEmpty() ? "what it does" : scheme));
    }
    String rest = text.substring(schemeEnd + 3);
    String query = "";
    int question = rest.indexOf('?');
    if (question >= 0) {
      query = rest.substring(question + 1);
      rest = rest.substring(0, question);
    }
    Optional<String> user = Optional.empty();
    Optional<String> password = Optional.empty();
    int slash = rest.indexOf('/');
    String authority = slash < 0 ? rest : rest.substring(0, slash);
    String database = slash < 0 ? "" : rest.substring(slash + 1);
    int at = authority.lastIndexOf('@');
    if (at >= 0) {
      String credentials = authority.substring(0, at);
      authority = authority.substring(at + 1);
      int colon = credentials.indexOf(':');
      user = Optional.of(decode(colon < 0 ? credentials : credentials.substring(0, colon)));
      if (colon >= 0) {
        password = Optional.of(decode(credentials.substring(colon + 1)));
      }
    }
    Properties parameters = new Properties();
    for (String pair : query.isEmpty() ? new String[0] : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : decodeForm(pair.substring(equals + 1));
      switch (name) {
        case "" -> {}
        case "user" -> user = Optional.of(value);
        case "password" -> password = Optional.of(value);
        // asyncpg's name for the driver's sslmode.
        case "ssl" -> parameters.setProperty(jdbc ? "ssl" : "sslmode", value);
        default -> parameters.setProperty(name, value);
      }
    }
    if (database.isEmpty()) {
      database = user.orElse("postgres");
    }
    String host = authority.isEmpty() ? "localhost" : authority;
    return new DatabaseUrl(
        "jdbc:postgresql://" + host + "/" + database, user, password, parameters);
  }

  /** Percent-decoding as in the user part of a URL, where a plus sign is a plus sign. */
  private static String decode(String text) {
    return decodeForm(text.replace("+", "%2B"));
  }

  private static String decodeForm(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "the database URL holds a percent sign that is not followed by two hex digits; write %25"
              + " for a percent sign in a password");
    }
  }

  /** Shows the URL without credentials and parameters. */
  @Override
  public String toString() {
    return jdbcUrl;
  }
}
