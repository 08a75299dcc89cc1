package io.tidegrid.http;

import io.helidon.websocket.WsOpCode;
import io.tidegrid.alerting.AlertEvent;
import io.tidegrid.alerting.AlertRules;
import io.tidegrid.model.Alert;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertRule;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Announcements as bytes, each rendered once for all clients that are told at about the same time.
 * Safe for use by many threads.
 */
final class AlertRenderer {

  /** What clients understand. */
  enum Form {
    /** A server-sent event with the whole alert. */
    EVENT,
    /** A server-sent event that says what a device did. */
    DEVICE_EVENT,
    /** A WebSocket frame with the whole alert. */
    FRAME
  }

  private record Key(String id, Form form) {}

  private static final byte[] NOTHING = {};
  private static final String DEVICE = "device_id";

  private final AlertRules rules;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, byte[]> recent = new Recent();

  AlertRenderer(AlertRules rules) {
    this.rules = rules;
  }

  /** The newest renderings; a fan-out works on few at a time. */
  private static final class Recent extends LinkedHashMap<Key, byte[]> {
    private static final long serialVersionUID = 1L;
    private static final int MAX = 512;

    @Override
    protected boolean removeEldestEntry(Map.Entry<Key, byte[]> eldest) {
      return size() > MAX;
    }
  }

  /** Returns an announcement in a form; empty when it says nothing in that form. */
  byte[] render(AlertEvent event, Form form) {
    Key key = new Key(event.id(), form);
    lock.lock();
    try {
      byte[] known = recent.get(key);
      if (known != null) {
        return known;
      }
    } finally {
      lock.unlock();
    }
    byte[] rendered = rendered(event, form);
    lock.lock();
    try {
      recent.put(key, rendered);
    } finally {
      lock.unlock();
    }
    return rendered;
  }

  private byte[] rendered(AlertEvent event, Form form) {
    return switch (event) {
      case AlertEvent.Changed changed ->
          switch (form) {
            case EVENT -> event(changed);
            case DEVICE_EVENT -> deviceEvent(changed);
            case FRAME -> frame(changed.alert());
          };
      case AlertEvent.Breached breached ->
          form == Form.DEVICE_EVENT
              ? deviceEvent(
                  breached.id(),
                  breached.labels().get(DEVICE),
                  breached.labels().metricName(),
                  breached.value(),
                  breached.timeMs())
              : NOTHING;
    };
  }

  /** Returns the device that an announcement is about; empty when it is about none. */
  static String device(AlertEvent event) {
    return switch (event) {
      case AlertEvent.Changed changed -> changed.alert().labels().getOrDefault(DEVICE, "");
      case AlertEvent.Breached breached -> breached.labels().get(DEVICE);
    };
  }

  private static byte[] event(AlertEvent.Changed changed) {
    return event(
        changed.id(),
        AlertJson.text(changed.alert().phase()),
        Json.bytes(out -> AlertJson.write(out, changed.alert())));
  }

  private byte[] deviceEvent(AlertEvent.Changed changed) {
    Alert alert = changed.alert();
    if (alert.phase() != AlertPhase.FIRING || isAnnouncedBySamples(alert)) {
      return NOTHING;
    }
    return deviceEvent(
        changed.id(),
        device(changed),
        alert.metric(),
        alert.value(),
        alert.firedAt().orElse(alert.startsAt()).toEpochMilli());
  }

  /** Rules that announce each sample do so by their breaches, the first one among them. */
  private boolean isAnnouncedBySamples(Alert alert) {
    try {
      return rules
          .find(alert.tenant(), alert.ruleId())
          .map(AlertRule::spec)
          .filter(AlertRule.Spec::eachSample)
          .isPresent();
    } catch (TidegridException e) {
      // Rules are not known yet. Telling twice is better than not at all.
      return false;
    }
  }

  private static byte[] deviceEvent(
      String id, String device, String metric, double value, long timeMs) {
    return device.isEmpty()
        ? NOTHING
        : event(id, "", AlertJson.deviceLine(device, metric, value, timeMs));
  }

  private static byte[] event(String id, String name, byte[] json) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(json.length + 64);
    out.writeBytes(("id: " + id + '\n').getBytes(StandardCharsets.UTF_8));
    if (!name.isEmpty()) {
      out.writeBytes(("event: " + name + '\n').getBytes(StandardCharsets.UTF_8));
    }
    out.writeBytes("data: ".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(json);
    out.writeBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  private static byte[] frame(Alert alert) {
    return LiveFrames.frame(
        WsOpCode.TEXT,
        Json.bytes(out -> {
          out.writeStartObject();
          out.writeStringField("type", "alert");
          out.writeFieldName("data");
          AlertJson.write(out, alert);
          out.writeEndObject();
        }));
  }
}
