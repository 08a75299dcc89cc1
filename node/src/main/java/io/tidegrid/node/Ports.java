package io.tidegrid.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;

/** Looks for taken ports before anything is started that would have to be stopped again. */
final class Ports {

  private Ports() {}

  /**
   * Returns the port for the grid: the configured one, or a free one for 0.
   *
   * @throws ConfigException when the port is taken
   */
  static int grid(NodeConfig node) {
    return usable("grid.port", "--grid-port", node.gridHost(), node.gridPort());
  }

  /**
   * Checks the port of the HTTP API.
   *
   * @throws ConfigException when the port is taken
   */
  static void checkHttp(NodeConfig node) {
    if (node.httpPort() != 0) {
      usable("http.port", "--http-port", node.httpHost(), node.httpPort());
    }
  }

  private static int usable(String key, String flag, String host, int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName(host))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new ConfigException(
          List.of(
              "%s: %s:%d cannot be used (%s); choose another with %s, or 0 for a free one"
                  .formatted(key, host, port, e.getMessage(), flag)));
    }
  }
}
