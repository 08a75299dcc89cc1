package io.tidegrid.node;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Hosts, ports and paths as they are written in a configuration. */
final class Addresses {

  static final int DEFAULT_GRID_PORT = 5701;

  private static final Pattern HOST_PORT =
      Pattern.compile("(\\[[0-9a-fA-F:.%]+]|[^\\s:/\\[\\]]+)(?::(\\d{1,5}))?");

  private Addresses() {}

  /** Returns {@code host:port}, with the default port when none is given. */
  static String hostAndPort(String text) {
    Matcher matcher = HOST_PORT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not host:port: " + text);
    }
    int port = matcher.group(2) == null ? DEFAULT_GRID_PORT : Integer.parseInt(matcher.group(2));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("no such port: " + port);
    }
    return matcher.group(1) + ":" + port;
  }

  /** Returns the origin, {@code scheme://host[:port]} or {@code *}. */
  static String origin(String text) {
    if (!text.equals("*") && !text.matches("[a-z][a-z0-9+.-]*://[^/\\s]+")) {
      throw new IllegalArgumentException("not an origin: " + text);
    }
    return text;
  }

  /** Returns the path, with a leading {@code ~/} as the user's home. */
  static Path path(String text) {
    return text.startsWith("~/")
        ? Path.of(System.getProperty("user.home"), text.substring(2))
        : Path.of(text);
  }

  /** Tells whether every address of the host is a loopback address. */
  static boolean isLoopback(String host) throws UnknownHostException {
    for (InetAddress address : InetAddress.getAllByName(host)) {
      if (!address.isLoopbackAddress()) {
        return false;
      }
    }
    return true;
  }
}
