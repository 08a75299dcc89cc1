package io.tidegrid.alerting;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * How alerts are kept and sent.
 *
 * @param maxRules the most rules of a tenant; default 20,000
 * @param maxSilences the most silences of a tenant that have not ended; default 1,000
 * @param webhook where a webhook is told; empty (default) for nowhere. A secret
 * @param alertmanager where an Alertmanager is, without {@code /api/v2/alerts}; empty (default) for
 *     nowhere. A secret
 * @param resendInterval how often the Alertmanager is told again of what fires; default 1 min
 * @param notifyTimeout how long a receiver may take to answer; default 10 s
 */
public record AlertCenterOptions(
    int maxRules,
    int maxSilences,
    Optional<URI> webhook,
    Optional<URI> alertmanager,
    Duration resendInterval,
    Duration notifyTimeout) {

  /** The defaults named above. */
  public static final AlertCenterOptions DEFAULT =
      new AlertCenterOptions(
          20_000,
          1_000,
          Optional.empty(),
          Optional.empty(),
          Duration.ofMinutes(1),
          Duration.ofSeconds(10));

  /** Never shows the addresses, which may hold secrets. */
  @Override
  public String toString() {
    return "AlertCenterOptions[maxRules=" + maxRules + ", maxSilences=" + maxSilences + "]";
  }
}
