package io.tidegrid.node;

import java.net.URI;
import java.time.Duration;

/** The settings of alerts. */
final class AlertConfigKeys {

  private static final Duration MS = Duration.ofMillis(1);
  private static final Duration DAY = Duration.ofDays(1);

  static final ConfigKey<Duration> RETENTION_ALERTS =
      ConfigKeys.key(
          "retention.alerts",
          ConfigType.duration(Duration.ZERO, Duration.ofDays(36_500)),
          "90d",
          "How long the database keeps alerts that ended, since they did and were written. 0: for"
              + " ever.");

  static final ConfigKey<Integer> MAX_RULES =
      ConfigKeys.key(
          "alerts.max-rules",
          ConfigType.integer(0, 10_000_000),
          "20000",
          "Most alert rules of a tenant; further ones are answered with 422.");
  static final ConfigKey<Integer> MAX_SILENCES =
      ConfigKeys.key(
          "alerts.max-silences",
          ConfigType.integer(0, 1_000_000),
          "1000",
          "Most silences of a tenant that have not ended; further ones are answered with 422.");
  static final ConfigKey<Duration> STALE_AFTER =
      ConfigKeys.key(
          "alerts.stale-after",
          ConfigType.duration(MS, DAY),
          "5m",
          "A firing alert whose series got no sample for this long is resolved; a pending one is"
              + " forgotten.");
  static final ConfigKey<Long> MAX_WINDOW_MEMORY =
      ConfigKeys.key(
          "alerts.max-window-memory",
          ConfigType.size(0, 1L << 40),
          "256MiB",
          "Most memory of a member for the samples of rolling windows; windows beyond it are"
              + " evaluated once a second.");
  static final ConfigKey<URI> WEBHOOK_URL =
      ConfigKeys.secret(
          "alerts.webhook.url",
          url(),
          "Where alerts are posted when they begin and end, in the form of an Alertmanager's"
              + " webhook. Empty: nowhere.");
  static final ConfigKey<URI> ALERTMANAGER_URL =
      ConfigKeys.secret(
          "alerts.alertmanager.url",
          url(),
          "An Alertmanager that is told of alerts, without `/api/v2/alerts`. Empty: none.");
  static final ConfigKey<Duration> RESEND_INTERVAL =
      ConfigKeys.key(
          "alerts.resend-interval",
          ConfigType.duration(Duration.ofSeconds(1), DAY),
          "1m",
          "How often the Alertmanager is told again of what fires.");
  static final ConfigKey<Duration> NOTIFY_TIMEOUT =
      ConfigKeys.key(
          "alerts.notify-timeout",
          ConfigType.duration(Duration.ofMillis(10), Duration.ofMinutes(5)),
          "10s",
          "How long a receiver of alerts may take to answer before it is tried again.");

  private AlertConfigKeys() {}

  /** Makes the keys known, in the place where this is called first. */
  static void register() {}

  private static ConfigType<URI> url() {
    return ConfigType.of(
        "url", "a URL such as https://alerts.example/hook, http or https", AlertConfigKeys::parse);
  }

  private static URI parse(String text) {
    URI uri = URI.create(text);
    String scheme = String.valueOf(uri.getScheme());
    if (uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw new IllegalArgumentException("not a URL of http or https");
    }
    return uri;
  }
}
