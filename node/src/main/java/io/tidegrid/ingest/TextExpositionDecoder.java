package io.tidegrid.ingest;

/**
 * Prometheus' text exposition format 0.0.4, and OpenMetrics text as far as it is alike. Exemplars
 * are skipped. A row is a line.
 *
 * @see <a href="https://prometheus.io/docs/instrumenting/exposition_formats/">Exposition
 *     formats</a>
 */
final class TextExpositionDecoder implements SampleDecoder {

  private final IngestOptions options;
  private final SeriesCache cache;
  private final boolean openMetrics;

  /**
   * @param openMetrics whether timestamps are OpenMetrics' seconds, not milliseconds
   */
  TextExpositionDecoder(IngestOptions options, SeriesCache cache, boolean openMetrics) {
    this.options = options;
    this.cache = cache;
    this.openMetrics = openMetrics;
  }

  @Override
  public DecodedBatch decode(String tenant, byte[] body, int length, long nowMs) {
    DecodeContext context =
        new DecodeContext(
            options, cache, tenant, Protocol.TEXT, nowMs, Math.min(length / 64, 1 << 16));
    return new TextExpositionParser(context, body, length, openMetrics).parse();
  }
}
