package io.tidegrid.node;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** A duration for each of some tenants, as it is written in a configuration. */
final class TenantDurations {

  /** What the tenant header of a request may say. */
  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private TenantDurations() {}

  /**
   * Reads {@code acme=90d,beta=7d}; empty parts are left out.
   *
   * @throws IllegalArgumentException when a part is not of that form, or a tenant is there twice
   */
  static Map<String, Duration> parse(String text) {
    Map<String, Duration> found = new TreeMap<>();
    for (String part : text.split(",", -1)) {
      if (part.isBlank()) {
        continue;
      }
      int equals = part.indexOf('=');
      String tenant = equals < 0 ? "" : part.substring(0, equals).strip();
      if (!TENANT.matcher(tenant).matches() || found.containsKey(tenant)) {
        throw new IllegalArgumentException("not a tenant, or one twice: " + part);
      }
      found.put(tenant, Durations.parse(part.substring(equals + 1)));
    }
    return Collections.unmodifiableMap(found);
  }
}
