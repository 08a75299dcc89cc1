package io.tidegrid.http;

import io.helidon.websocket.WsOpCode;
import io.tidegrid.alerting.AlertEvent;
import io.tidegrid.alerting.AlertReceiver;
import io.tidegrid.alerting.AlertStreams;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;

/**
 * The alerts that the client of one WebSocket subscribed to. Subscriptions are changed by the
 * thread that reads the connection; announcements come from any.
 */
final class SocketAlerts implements AlertReceiver, AutoCloseable {

  private final String tenant;
  private final LiveConnection connection;
  private final LiveConnections connections;
  private final AlertStreams streams;
  private final AlertRenderer renderer;
  private final Set<AlertFilter> filters = new CopyOnWriteArraySet<>();

  /** Open while there are subscriptions. */
  private Optional<AlertStreams.AlertStream> stream = Optional.empty();

  SocketAlerts(
      String tenant,
      LiveConnection connection,
      LiveConnections connections,
      AlertStreams streams,
      AlertRenderer renderer) {
    this.tenant = tenant;
    this.connection = connection;
    this.connections = connections;
    this.streams = streams;
    this.renderer = renderer;
  }

  int size() {
    return filters.size();
  }

  boolean contains(AlertFilter filter) {
    return filters.contains(filter);
  }

  /** What is announced after this returns is delivered. */
  void subscribe(AlertFilter filter) {
    filters.add(filter);
    if (stream.isEmpty()) {
      stream = Optional.of(streams.open(tenant, "", this));
    }
  }

  void unsubscribe(AlertFilter filter) {
    filters.remove(filter);
    if (filters.isEmpty()) {
      close();
    }
  }

  void unsubscribeAll() {
    filters.clear();
    close();
  }

  @Override
  public void deliver(List<AlertEvent> events) {
    for (AlertEvent event : events) {
      if (event instanceof AlertEvent.Changed changed
          && filters.stream().anyMatch(filter -> filter.matches(changed.alert()))) {
        connection.deliverAlert(renderer.render(event, AlertRenderer.Form.FRAME));
      }
    }
  }

  @Override
  public void missed(long count) {
    connections.alertsMissed(Math.max(0, count));
    connection.deliverAlert(LiveFrames.frame(WsOpCode.TEXT, MetricSocketMessages.missed(count)));
  }

  @Override
  public void close() {
    stream.ifPresent(AlertStreams.AlertStream::close);
    stream = Optional.empty();
  }
}
