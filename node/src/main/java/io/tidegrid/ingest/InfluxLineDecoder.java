package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.util.Locale;

/**
 * InfluxDB's line protocol. As in VictoriaMetrics, the field {@code f} of the measurement {@code m}
 * is the metric {@code m_f}, and tags are labels. Integers and booleans become numbers; fields that
 * are strings are skipped.
 *
 * <p>A row is a line, and is stored as a whole or not at all.
 *
 * @see <a href="https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/">Line
 *     protocol</a>
 */
final class InfluxLineDecoder implements SampleDecoder {

  private final IngestOptions options;
  private final SeriesCache cache;
  private final long unitsPerMs;
  private final long msPerUnit;

  /**
   * @param precision the unit of timestamps: {@code ns} (also {@code n} and empty), {@code us},
   *     {@code u}, {@code ms}, {@code s}, {@code m}, {@code h}
   * @throws TidegridException {@code INVALID_VALUE} for any other
   */
  InfluxLineDecoder(IngestOptions options, SeriesCache cache, String precision) {
    this.options = options;
    this.cache = cache;
    long perMs = 1;
    long ms = 1;
    switch (precision.toLowerCase(Locale.ROOT)) {
      case "", "n", "ns" -> perMs = 1_000_000;
      case "u", "us", "µ", "µs" -> perMs = 1_000;
      case "ms" -> perMs = 1;
      case "s" -> ms = 1_000;
      case "m" -> ms = 60_000;
      case "h" -> ms = 3_600_000;
      default ->
          throw TidegridException.ofField(
              ErrorCode.INVALID_VALUE, "precision", "precision must be one of ns, us, ms, s, m, h");
    }
    unitsPerMs = perMs;
    msPerUnit = ms;
  }

  @Override
  public DecodedBatch decode(String tenant, byte[] body, int length, long nowMs) {
    DecodeContext context =
        new DecodeContext(
            options, cache, tenant, Protocol.INFLUX_LINE, nowMs, Math.min(length / 32, 1 << 16));
    return new InfluxLineParser(context, body, length, unitsPerMs, msPerUnit).parse();
  }
}
