package io.tidegrid.query;

/**
 * From when on tenants may see their data, whether retention has deleted the rest already or not.
 * Safe for use by many threads; answers from memory.
 */
@FunctionalInterface
public interface Retentions {

  /** Nobody has a retention of their own. */
  Retentions UNLIMITED = (tenant, source) -> Long.MIN_VALUE;

  /**
   * Returns the time, in milliseconds since 1970, from which on a tenant sees its data; {@link
   * Long#MIN_VALUE} without a limit.
   *
   * @param source {@code raw} for samples, or the name of a tier such as {@code 1m}
   */
  long keptFromMs(String tenant, String source);
}
