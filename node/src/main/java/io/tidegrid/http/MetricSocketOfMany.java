package io.tidegrid.http;

import io.helidon.websocket.WsOpCode;
import io.tidegrid.live.LiveFilter;
import io.tidegrid.live.LiveSample;
import io.tidegrid.live.LiveStream;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The stream whose client subscribes by messages. */
final class MetricSocketOfMany implements MetricSocketProtocol {

  private final String tenant;
  private final LiveStream stream;
  private final int maxSubscriptions;

  /** Only the reading thread touches it. */
  private final Set<LiveFilter> filters = new HashSet<>();

  private final Set<LiveFilter> alerts = new HashSet<>();

  MetricSocketOfMany(String tenant, LiveStream stream, int maxSubscriptions) {
    this.tenant = tenant;
    this.stream = stream;
    this.maxSubscriptions = maxSubscriptions;
  }

  @Override
  public byte[] answer(String message) {
    try {
      MetricSocketRequest request = MetricSocketRequest.parse(message);
      return switch (request.type()) {
        case "subscribe" -> subscribe(request);
        case "unsubscribe" -> unsubscribe(request);
        default -> MetricSocketMessages.PONG;
      };
    } catch (TidegridException e) {
      return MetricSocketMessages.error(e);
    }
  }

  private byte[] subscribe(MetricSocketRequest request) {
    LiveFilter filter = request.filter(tenant);
    boolean metrics = request.subscription().equals(MetricSocketRequest.METRICS);
    Set<LiveFilter> these = metrics ? filters : alerts;
    if (!these.contains(filter)) {
      if (filters.size() + alerts.size() >= maxSubscriptions) {
        throw new TidegridException(
            ErrorCode.INVALID_VALUE,
            "a connection has at most "
                + maxSubscriptions
                + " subscriptions (websocket.max-subscriptions); unsubscribe from some");
      }
      these.add(filter);
      if (metrics) {
        boolean ignored = stream.subscribe(filter);
      }
    }
    return MetricSocketMessages.confirmation("subscribed", request);
  }

  /** Without a filter it ends all subscriptions of the kind. */
  private byte[] unsubscribe(MetricSocketRequest request) {
    boolean metrics = request.subscription().equals(MetricSocketRequest.METRICS);
    Set<LiveFilter> these = metrics ? filters : alerts;
    Set<LiveFilter> ended =
        request.isAboutAll() ? Set.copyOf(these) : Set.of(request.filter(tenant));
    for (LiveFilter filter : ended) {
      if (these.remove(filter) && metrics) {
        boolean ignored = stream.unsubscribe(filter);
      }
    }
    return MetricSocketMessages.confirmation("unsubscribed", request);
  }

  @Override
  public void append(ByteArrayOutputStream out, List<LiveSample> samples) {
    if (!samples.isEmpty()) {
      LiveFrames.append(out, WsOpCode.TEXT, MetricSocketMessages.update(samples));
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
