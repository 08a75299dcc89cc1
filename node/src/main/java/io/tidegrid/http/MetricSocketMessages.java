package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.tidegrid.live.LiveSample;
import io.tidegrid.model.Labels;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What is said over WebSockets, as JSON. */
final class MetricSocketMessages {

  private static final byte[] UPDATE_START =
      "{\"type\":\"metric_update\",\"data\":{\"metrics\":[".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] UPDATE_END = "]}}".getBytes(StandardCharsets.US_ASCII);

  static final byte[] PONG = "{\"type\":\"pong\"}".getBytes(StandardCharsets.US_ASCII);

  private MetricSocketMessages() {}

  /** Returns one sample. */
  static byte[] sample(LiveSample sample) {
    return Json.bytes(out -> {
      Labels labels = sample.labels();
      out.writeStartObject();
      out.writeStringField("metric_name", labels.metricName());
      Json.textOrNull(out, "host", labels.get("host"));
      out.writeFieldName("time");
      Json.time(out, sample.timeMs());
      out.writeFieldName("value");
      Json.number(out, sample.value());
      out.writeFieldName("labels");
      out.writeStartObject();
      for (Map.Entry<String, String> label : labels.toMap(false).entrySet()) {
        out.writeStringField(label.getKey(), label.getValue());
      }
      out.writeEndObject();
      out.writeEndObject();
    });
  }

  /** Returns samples that were rendered one by one as one message. */
  static byte[] update(List<LiveSample> samples) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(128 * samples.size() + 64);
    out.writeBytes(UPDATE_START);
    String separator = "";
    for (LiveSample sample : samples) {
      out.writeBytes(separator.getBytes(StandardCharsets.US_ASCII));
      out.writeBytes(sample.rendered(MetricSocketMessages::sample));
      separator = ",";
    }
    out.writeBytes(UPDATE_END);
    return out.toByteArray();
  }

  static byte[] dropped(long count) {
    return Json.bytes(out -> {
      out.writeStartObject();
      out.writeStringField("type", "dropped");
      out.writeNumberField("count", count);
      out.writeEndObject();
    });
  }

  /** Says that announcements of alerts are no longer kept; how many, or null. */
  static byte[] missed(long count) {
    return Json.bytes(out -> {
      out.writeStartObject();
      out.writeStringField("type", "missed");
      out.writeFieldName("count");
      if (count < 0) {
        out.writeNull();
      } else {
        out.writeNumber(count);
      }
      out.writeEndObject();
    });
  }

  /** Says that a subscription begins or ended, as it was understood. */
  static byte[] confirmation(String type, MetricSocketRequest request) {
    return Json.bytes(out -> {
      out.writeStartObject();
      out.writeStringField("type", type);
      out.writeObjectFieldStart("data");
      out.writeStringField("subscription", request.subscription());
      if (!request.metric().isEmpty()) {
        out.writeStringField("metric_name", request.metric());
      }
      if (!request.labels().isEmpty()) {
        out.writeFieldName("labels");
        Json.map(out, request.labels());
      }
      if (!request.severity().isEmpty()) {
        out.writeStringField("severity", request.severity());
      }
      out.writeEndObject();
      out.writeEndObject();
    });
  }

  static byte[] error(TidegridException e) {
    return Json.bytes(out -> writeError(out, e));
  }

  private static void writeError(JsonGenerator out, TidegridException e) throws IOException {
    out.writeStartObject();
    out.writeStringField("type", "error");
    out.writeObjectFieldStart("data");
    out.writeStringField("code", e.code().id());
    out.writeStringField("detail", e.getMessage());
    out.writeEndObject();
    out.writeEndObject();
  }
}
