package io.tidegrid.http;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A client of server-sent events that reads line by line, on a socket of its own. */
public final class SseClient implements AutoCloseable {

  private final Socket socket;
  private final BufferedReader in;
  private final List<String> head = new ArrayList<>();

  private SseClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Connects, and returns when the head of the answer has come. */
  public static SseClient connect(URI node, String path, String... headers) {
    try {
      SseClient client = asked(node, path, 0, headers);
      String line = client.in.readLine();
      while (line != null && !line.isEmpty()) {
        client.head.add(line);
        line = client.in.readLine();
      }
      return client;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Connects and reads nothing. */
  static SseClient stalled(URI node, String path) {
    try {
      return asked(node, path, 4 << 10);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SseClient asked(URI node, String path, int receiveBuffer, String... headers)
      throws IOException {
    Socket socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(
        new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), node.getPort()));
    socket.setSoTimeout(20_000);
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < headers.length; i += 2) {
      request.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
    }
    socket
        .getOutputStream()
        .write(request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
    socket.getOutputStream().flush();
    return new SseClient(socket);
  }

  /** Returns the lines of the head. */
  public List<String> head() {
    return List.copyOf(head);
  }

  /** Returns the next line of the body, chunk sizes and empty lines left out; empty at its end. */
  public String line() {
    try {
      String line = in.readLine();
      while (line != null && (line.isEmpty() || line.matches("[0-9a-f]{1,6}"))) {
        line = in.readLine();
      }
      return line == null ? "" : line;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the next line that is no comment; empty at the end. */
  public String field() {
    String line = line();
    while (line.startsWith(":")) {
      line = line();
    }
    return line;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
