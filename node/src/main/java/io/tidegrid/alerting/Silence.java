package io.tidegrid.alerting;

import io.tidegrid.model.Matcher;
import java.time.Instant;
import java.util.List;

/**
 * Keeps alerts whose labels meet all matchers from being sent, for a time. They are still recorded
 * and shown. Immutable.
 *
 * @param id unique within the tenant
 * @param tenant whose alerts
 * @param matchers conditions on the labels of alerts, {@code alertname} and {@code severity} among
 *     them; at least one
 * @param startsAt from when
 * @param endsAt until when
 * @param createdBy who says so
 * @param comment why
 */
public record Silence(
    String id,
    String tenant,
    List<Matcher> matchers,
    Instant startsAt,
    Instant endsAt,
    String createdBy,
    String comment) {

  /** Copies the list. */
  public Silence {
    matchers = List.copyOf(matchers);
  }
}
