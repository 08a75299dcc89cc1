package io.tidegrid.node;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The address of a database, credentials apart, so that it can be shown.
 *
 * @param jdbcUrl {@code jdbc:postgresql://…} without user and password
 * @param user the user that the address named
 * @param password the password that the address named
 */
record DatabaseUrl(String jdbcUrl, Optional<String> user, Optional<String> password) {

  private static final Pattern FORM =
      Pattern.compile(
          "(jdbc:postgresql|postgres(?:ql)?(?:\\+[a-z0-9]+)?)://"
              + "(?:([^@/?#]*)@)?([^/?#@]*)(?:/([^?#]*))?(?:\\?(.*))?",
          Pattern.DOTALL);

  /** What other drivers call an option, and what this one does. */
  private static final Map<String, String> OPTION_NAMES =
      Map.of(
          "ssl",
          "sslmode",
          "application_name",
          "ApplicationName",
          "connect_timeout",
          "connectTimeout");

  /**
   * Reads {@code jdbc:postgresql://…?user=…&password=…}, {@code postgresql://user:password@…}, also
   * with a driver name as in {@code postgresql+asyncpg://}.
   *
   * @throws IllegalArgumentException when it is none of these
   */
  static DatabaseUrl parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      // Without the text: it may hold a password.
      throw new IllegalArgumentException("not the URL of a PostgreSQL database");
    }
    boolean jdbc = matcher.group(1).startsWith("jdbc:");
    Map<String, String> options = new LinkedHashMap<>();
    String query = matcher.group(5) == null ? "" : matcher.group(5);
    for (String option : query.split("&", -1)) {
      if (!option.isEmpty()) {
        int equals = option.indexOf('=');
        String name = decode(equals < 0 ? option : option.substring(0, equals));
        String value = equals < 0 ? "" : decode(option.substring(equals + 1));
        if (!jdbc && name.equals("ssl") && value.equals("true")) {
          value = "require";
        }
        options.put(jdbc ? name : OPTION_NAMES.getOrDefault(name, name), value);
      }
    }
    Optional<String> user = Optional.ofNullable(options.remove("user"));
    Optional<String> password = Optional.ofNullable(options.remove("password"));
    if (matcher.group(2) != null) {
      String[] credentials = matcher.group(2).split(":", 2);
      user = Optional.of(decode(credentials[0]));
      password = credentials.length == 2 ? Optional.of(decode(credentials[1])) : password;
    }
    String hosts = matcher.group(3).isEmpty() ? "localhost" : matcher.group(3);
    String database = matcher.group(4) == null ? "" : matcher.group(4);
    String url = "jdbc:postgresql://" + hosts + "/" + database;
    if (!options.isEmpty()) {
      url +=
          options.entrySet().stream()
              .map(option -> encode(option.getKey()) + "=" + encode(option.getValue()))
              .collect(Collectors.joining("&", "?", ""));
    }
    return new DatabaseUrl(
        url, user.filter(name -> !name.isEmpty()), password.filter(word -> !word.isEmpty()));
  }

  /** Never shows the credentials. */
  @Override
  public String toString() {
    return jdbcUrl;
  }

  private static String decode(String text) {
    // Only percent escapes: a plus sign in a password is a plus sign.
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
