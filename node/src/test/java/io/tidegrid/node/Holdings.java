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

  private static final int SLICE = 200 * SampleWriter.BATCH;

  private Holdings() {}

  /**
   * Asks for all samples of a writer and returns their numbers; fails on one that is there twice.
   */
  static BitSet of(NodeProcess node, SampleWriter writer) {
    BitSet found = new BitSet();
    String labels =
        URLEncoder.encode("{\"writer\":\"" + writer.writer() + "\"}", StandardCharsets.UTF_8);
    if (node.get("/metrics/m/info").statusCode() == 404) {
      return found;
    }
    int before = -1;
    // In slices, so that each answer fits into memory; the last one finds nothing.
    for (int first = 0; found.cardinality() > before; first += SLICE) {
      before = found.cardinality();
      String query = "/query/raw?metric_name=m&labels=" + labels;
      String range =
          "&start_time="
              + Instant.ofEpochMilli(writer.timeOf(first))
              + "&end_time="
              + Instant.ofEpochMilli(writer.timeOf(first + SLICE) - 1);
      addRows(node.getJson(query + range), writer, found);
    }
    return found;
  }

  private static void addRows(JsonObject answer, SampleWriter writer, BitSet found) {
    for (JsonValue row : answer.getJsonArray("data")) {
      JsonObject sample = row.asJsonObject();
      int n = sample.getJsonNumber("value").intValueExact();
      assertThat(found.get(n)).as("sample %d is there twice", n).isFalse();
      assertThat(Instant.parse(sample.getString("timestamp")).toEpochMilli())
          .isEqualTo(writer.timeOf(n));
      found.set(n);
    }
  }
}
