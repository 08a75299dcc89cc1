package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.BitSet;

/** What a node answers of the samples of a {@link SampleWriter}. */
final class Holdings {

  private Holdings() {}

  /**
   * Asks for all samples of a writer and returns their numbers; fails on one that is there twice.
   */
  static BitSet of(NodeProcess node, SampleWriter writer) {
    BitSet found = new BitSet();
    String labels =
        URLEncoder.encode("{\"writer\":\"" + writer.writer() + "\"}", StandardCharsets.UTF_8);
    Instant from = Instant.ofEpochMilli(writer.timeOf(0));
    Instant to = Instant.ofEpochMilli(writer.timeOf(Integer.MAX_VALUE / 2));
    if (node.get("/metrics/m/info").statusCode() == 404) {
      return found;
    }
    JsonObject answer =
        node.getJson(
            "/query/raw?metric_name=m&start_time="
                + from
                + "&end_time="
                + to
                + "&labels="
                + labels);
    for (JsonValue row : answer.getJsonArray("data")) {
      JsonObject sample = row.asJsonObject();
      int n = sample.getJsonNumber("value").intValueExact();
      assertThat(found.get(n)).as("sample %d is there twice", n).isFalse();
      assertThat(Instant.parse(sample.getString("timestamp")).toEpochMilli())
          .isEqualTo(writer.timeOf(n));
      found.set(n);
    }
    return found;
  }
}
