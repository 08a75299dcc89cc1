package io.tidegrid.model;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** What names alerts: fingerprints, instances, and where a rule lies. */
public final class AlertIdentity {

  private static final long SEED = 0x616C657274L;

  private AlertIdentity() {}

  /**
   * Returns what names an alert of a rule for ever, however the rule is changed: a hash of the
   * tenant, the rule and the labels of the series or group.
   *
   * @param labels as in {@link AlertState#labels}
   */
  public static long fingerprint(String tenant, String ruleId, Labels labels) {
    byte[] canonical = labels.canonicalBytes();
    return XxHash64.hash(canonical, 0, canonical.length, ruleHash(tenant, ruleId));
  }

  /** Returns a fingerprint as 16 hex digits. */
  public static String text(long fingerprint) {
    return HexFormat.of().toHexDigits(fingerprint);
  }

  /** Returns the id of one instance of an alert: its fingerprint and when it began. */
  public static String instanceId(long fingerprint, long pendingSinceMs) {
    return text(fingerprint) + "-" + Long.toString(pendingSinceMs, 36);
  }

  /**
   * Returns the shard, from 0, in which the alerts of a rule are kept that belong to no one series:
   * those of groups, and that of an absent metric.
   */
  public static int shardOfRule(String tenant, String ruleId, int shards) {
    return (int) Long.remainderUnsigned(ruleHash(tenant, ruleId), shards);
  }

  private static long ruleHash(String tenant, String ruleId) {
    byte[] whose = tenant.getBytes(StandardCharsets.UTF_8);
    byte[] which = ruleId.getBytes(StandardCharsets.UTF_8);
    long hash = XxHash64.hash(whose, 0, whose.length, SEED);
    return XxHash64.hash(which, 0, which.length, hash);
  }
}
