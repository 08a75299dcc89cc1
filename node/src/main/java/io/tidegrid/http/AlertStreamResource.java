package io.tidegrid.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.tidegrid.alerting.AlertEvent;
import io.tidegrid.alerting.AlertReceiver;
import io.tidegrid.alerting.AlertStreams;
import io.tidegrid.model.AlertPhase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Announcements of alerts as server-sent events. */
final class AlertStreamResource {

  private static final HeaderName LAST_EVENT_ID = HeaderNames.create("Last-Event-ID");

  private final AlertStreams streams;
  private final AlertRenderer renderer;
  private final LiveConnections connections;

  AlertStreamResource(AlertStreams streams, AlertRenderer renderer, LiveConnections connections) {
    this.streams = streams;
    this.renderer = renderer;
    this.connections = connections;
  }

  void addTo(Router router) {
    router.get("/v1/alerts/stream", this::devices).get("/api/v1/alerts/stream", this::alerts);
  }

  /** What devices did, in the form of the telemetry API. */
  private void devices(Exchange exchange) throws IOException {
    String device = exchange.params().first("device_id").orElse("");
    stream(
        exchange,
        AlertRenderer.Form.DEVICE_EVENT,
        event -> device.isEmpty() || device.equals(AlertRenderer.device(event)));
  }

  private void alerts(Exchange exchange) throws IOException {
    AlertFilter filter =
        AlertFilter.ofParams(exchange.params(), EnumSet.of(AlertPhase.FIRING, AlertPhase.RESOLVED));
    stream(
        exchange,
        AlertRenderer.Form.EVENT,
        event -> event instanceof AlertEvent.Changed changed && filter.matches(changed.alert()));
  }

  private void stream(Exchange exchange, AlertRenderer.Form form, Predicate<AlertEvent> wanted)
      throws IOException {
    String tenant = exchange.streamTenant();
    String last =
        Optional.of(exchange.header(LAST_EVENT_ID))
            .filter(id -> !id.isEmpty())
            .or(() -> exchange.params().first("last_event_id"))
            .orElse("");
    if (exchange.isHead()) {
      exchange.streamHead(ServerSentEventStream.MEDIA_TYPE);
      return;
    }
    Optional<Connections.Watched> connection = exchange.connection();
    if (connection.isEmpty() || !connections.acquire(OpenStream.Kind.SSE)) {
      exchange.problem(connections.refusal());
      return;
    }
    ServerSentEventStream client = new ServerSentEventStream(connection.get(), connections);
    // The client hears that it is connected when it misses nothing any more.
    try (var _ = streams.open(tenant, last, new Receiver(client, form, wanted))) {
      client.run(exchange.stream(ServerSentEventStream.MEDIA_TYPE));
    } finally {
      connections.release(OpenStream.Kind.SSE);
    }
  }

  /** Hands on to one client what it wants. */
  private final class Receiver implements AlertReceiver {

    private final ServerSentEventStream client;
    private final AlertRenderer.Form form;
    private final Predicate<AlertEvent> wanted;

    Receiver(ServerSentEventStream client, AlertRenderer.Form form, Predicate<AlertEvent> wanted) {
      this.client = client;
      this.form = form;
      this.wanted = wanted;
    }

    @Override
    public void deliver(List<AlertEvent> events) {
      for (AlertEvent event : events) {
        if (wanted.test(event)) {
          byte[] message = renderer.render(event, form);
          if (message.length > 0) {
            client.send(message);
          }
        }
      }
    }

    @Override
    public void missed(long count) {
      connections.alertsMissed(Math.max(0, count));
      String howMany = count < 0 ? "some" : Long.toString(count);
      String said = howMany + " events are no longer kept and were missed";
      client.send(ServerSentEventStream.comment(said));
      if (form == AlertRenderer.Form.EVENT) {
        // Programs do not see comments.
        client.send(
            ("event: missed\ndata: {\"count\":" + (count < 0 ? "null" : count) + "}\n\n")
                .getBytes(StandardCharsets.UTF_8));
      }
    }
  }
}
