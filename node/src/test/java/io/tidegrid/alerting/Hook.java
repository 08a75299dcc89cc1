package io.tidegrid.alerting;

import com.sun.net.httpserver.HttpServer;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonStructure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A receiver of alerts that keeps what it was sent. */
public final class Hook implements AutoCloseable {

  private final HttpServer server;
  private final List<JsonStructure> bodies = new CopyOnWriteArrayList<>();
  volatile int status = 200;
  final AtomicInteger requests = new AtomicInteger();

  /** Listens on a free port. */
  public Hook() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          int answer = status;
          if (answer == 200) {
            try (JsonReader reader = Json.createReader(new ByteArrayInputStream(body))) {
              bodies.add(reader.read());
            }
          }
          var _ = requests.incrementAndGet();
          exchange.sendResponseHeaders(answer, -1);
          exchange.close();
        });
    server.start();
  }

  /** Returns where it listens. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  List<JsonStructure> bodies() {
    return bodies;
  }

  /** Returns each alert that a webhook was told of, as status, fingerprint and start. */
  public List<String> told() {
    List<String> told = new ArrayList<>();
    for (JsonStructure body : bodies) {
      for (JsonObject alert :
          body.asJsonObject().getJsonArray("alerts").getValuesAs(JsonObject.class)) {
        told.add(
            alert.getString("status")
                + " "
                + alert.getString("fingerprint")
                + " "
                + alert.getString("startsAt"));
      }
    }
    return told;
  }

  /** Returns each alert that an Alertmanager was told of. */
  List<JsonObject> alerts() {
    List<JsonObject> told = new ArrayList<>();
    for (JsonStructure body : bodies) {
      JsonArray alerts = body.asJsonArray();
      told.addAll(alerts.getValuesAs(JsonObject.class));
    }
    return told;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
