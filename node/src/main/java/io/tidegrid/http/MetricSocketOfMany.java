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

  private final SocketAlerts alerts;

  MetricSocketOfMany(String tenant, LiveStream stream, SocketAlerts alerts, int maxSubscriptions) {
    this.tenant = tenant;
    this.stream = stream;
    this.alerts = alerts;
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
    if (isAboutAlerts(request)) {
      AlertFilter filter = request.alertFilter();
      if (!alerts.contains(filter)) {
        checkRoom();
        alerts.subscribe(filter);
      }
    } else {
      LiveFilter filter = request.filter(tenant);
      if (!filters.contains(filter)) {
        checkRoom();
        filters.add(filter);
        boolean ignored = stream.subscribe(filter);
      }
    }
    return MetricSocketMessages.confirmation("subscribed", request);
  }

  private static boolean isAboutAlerts(MetricSocketRequest request) {
    return request.subscription().equals(MetricSocketRequest.ALERTS);
  }

  private void checkRoom() {
    if (filters.size() + alerts.size() >= maxSubscriptions) {
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "a connection has at most "
              + maxSubscriptions
              + " subscriptions (websocket.max-subscriptions); unsubscribe from some");
    }
  }

  /** Without a filter it ends all subscriptions of the kind. */
  private byte[] unsubscribe(MetricSocketRequest request) {
    if (isAboutAlerts(request)) {
      if (request.isAboutAll()) {
        alerts.unsubscribeAll();
      } else {
        alerts.unsubscribe(request.alertFilter());
      }
    } else {
      Set<LiveFilter> ended =
          request.isAboutAll() ? Set.copyOf(filters) : Set.of(request.filter(tenant));
      for (LiveFilter filter : ended) {
        if (filters.remove(filter)) {
          boolean ignored = stream.unsubscribe(filter);
        }
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
    alerts.close();
    stream.close();
  }
}
