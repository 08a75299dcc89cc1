package io.tidegrid.soak;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Reads slots back and compares them, sample by sample, with what was acknowledged. */
final class SoakCheck {

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final SoakPlan plan;
  private final HttpClient client;
  private final URI node;
  private final SplittableRandom random = new SplittableRandom(42);
  private long good;
  private long missing;
  private long wrong;
  private long failed;
  private String firstFault = "";

  SoakCheck(SoakPlan plan, HttpClient client, URI node) {
    this.plan = plan;
    this.client = client;
    this.node = node;
  }

  long good() {
    return good;
  }

  /** Samples that were acknowledged and not in an answer. */
  long missing() {
    return missing;
  }

  /** Samples with another value or generation, doubled, or never sent. */
  long wrong() {
    return wrong;
  }

  /** Queries without an answer. */
  long failed() {
    return failed;
  }

  /** What the first fault was; empty without one. */
  String firstFault() {
    return firstFault;
  }

  /** Checks a number of random slots over some steps, the last one excluded. */
  void compare(int slots, long fromStep, long toStep) throws InterruptedException {
    for (int i = 0; i < slots && toStep > fromStep; i++) {
      compareSlot(random.nextInt(plan.slots()), fromStep, toStep);
    }
  }

  private void compareSlot(int slot, long fromStep, long toStep) throws InterruptedException {
    String query =
        "/query/raw?metric_name=%s&start_time=%s&end_time=%s&labels=%s"
            .formatted(
                plan.metric(slot),
                Instant.ofEpochMilli(plan.timeMs(slot, fromStep)),
                Instant.ofEpochMilli(plan.timeMs(slot, toStep) - 1),
                URLEncoder.encode("{\"slot\":\"" + slot + "\"}", StandardCharsets.UTF_8));
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(node.resolve(query)).timeout(TIMEOUT).build(),
              BodyHandlers.ofString());
      if (response.statusCode() == 200) {
        compareBody(slot, fromStep, toStep, response.body());
        return;
      }
      fault(query + ": " + response.statusCode() + " " + response.body());
    } catch (IOException e) {
      fault(query + ": " + e);
    }
    failed++;
  }

  private void compareBody(int slot, long fromStep, long toStep, String body) {
    Map<Long, Long> stepsByTime = new HashMap<>();
    for (long step = fromStep; step < toStep; step++) {
      stepsByTime.put(plan.timeMs(slot, step), step);
    }
    try (JsonReader reader = Json.createReader(new StringReader(body))) {
      for (JsonObject row :
          reader.readObject().getJsonArray("data").getValuesAs(JsonObject.class)) {
        long time = Instant.parse(row.getString("timestamp")).toEpochMilli();
        Long step = stepsByTime.remove(time);
        if (step == null
            || row.getJsonNumber("value").doubleValue() != plan.value(slot, step)
            || !row.getJsonObject("labels")
                .getString("generation", "")
                .equals(Integer.toString(plan.generation(slot, step)))) {
          wrong++;
          fault("slot " + slot + ": unexpected " + row);
        } else {
          good++;
        }
      }
    }
    missing += stepsByTime.size();
    if (!stepsByTime.isEmpty()) {
      fault("slot " + slot + ": nothing at " + stepsByTime.keySet());
    }
  }

  private void fault(String what) {
    if (firstFault.isEmpty()) {
      firstFault = what.length() > 500 ? what.substring(0, 500) : what;
    }
  }
}
