package io.tidegrid.ingest;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.model.TidegridException;

/**
 * The decoders of all protocols, over one series cache. They and this are safe for use by many
 * threads; make one per member.
 */
public final class Decoders {

  private final IngestOptions options;
  private final SeriesCache cache;
  private final MeterRegistry meters;
  private final SampleDecoder remoteWrite;
  private final SampleDecoder text;
  private final SampleDecoder openMetrics;
  private final SampleDecoder json;
  private final Metered influx;

  /**
   * @param options the limits
   * @param cache where known series are found
   * @param meters where samples, rejected rows and refused bodies are counted
   */
  public Decoders(IngestOptions options, SeriesCache cache, MeterRegistry meters) {
    this.options = options;
    this.cache = cache;
    this.meters = meters;
    remoteWrite = new Metered(Protocol.REMOTE_WRITE, new RemoteWriteDecoder(options, cache));
    text = new Metered(Protocol.TEXT, new TextExpositionDecoder(options, cache, false));
    openMetrics = new Metered(Protocol.TEXT, new TextExpositionDecoder(options, cache, true));
    json = new Metered(Protocol.JSON, new JsonDecoder(options, cache));
    influx = new Metered(Protocol.INFLUX_LINE, new InfluxLineDecoder(options, cache, "ns"));
    limit("decompressed.body", "bytes", options.maxDecompressedBytes());
    limit("labels", "labels", options.maxLabels());
    limit("name", "bytes", options.maxNameBytes());
    limit("label.value", "bytes", options.maxValueBytes());
  }

  private void limit(String what, String unit, long value) {
    Gauge.builder("tidegrid.ingest.limit." + what, () -> (double) value)
        .baseUnit(unit)
        .description("The configured limit; what exceeds it is refused")
        .register(meters);
  }

  /** Returns the decoder of Prometheus remote-write 1.0; the body is still snappy-compressed. */
  public SampleDecoder remoteWrite() {
    return remoteWrite;
  }

  /**
   * Returns a decoder of InfluxDB's line protocol.
   *
   * @param precision the unit of timestamps: {@code ns} (also empty), {@code us}, {@code u}, {@code
   *     ms}, {@code s}, {@code m}, {@code h}
   * @throws TidegridException {@code INVALID_VALUE} for any other precision
   */
  public SampleDecoder influxLine(String precision) {
    return precision.isEmpty() || precision.equals("ns")
        ? influx
        : influx.over(new InfluxLineDecoder(options, cache, precision));
  }

  /**
   * Returns the decoder of Prometheus' text exposition format.
   *
   * @param inOpenMetrics whether the content type is {@code application/openmetrics-text}, whose
   *     timestamps are seconds
   */
  public SampleDecoder text(boolean inOpenMetrics) {
    return inOpenMetrics ? openMetrics : text;
  }

  /** Returns the decoder of the JSON forms, single and batch. */
  public SampleDecoder json() {
    return json;
  }

  /** Counts once per body, never per sample. */
  private final class Metered implements SampleDecoder {

    private final SampleDecoder decoder;
    private final Counter samples;
    private final Counter rejected;
    private final Counter refused;

    Metered(Protocol protocol, SampleDecoder decoder) {
      this(
          decoder,
          counter(protocol, "decoded", "Samples decoded"),
          counter(protocol, "rejected.rows", "Rows that were not understood or over a limit"),
          counter(protocol, "refused.bodies", "Bodies that were refused as a whole"));
    }

    private Metered(SampleDecoder decoder, Counter samples, Counter rejected, Counter refused) {
      this.decoder = decoder;
      this.samples = samples;
      this.rejected = rejected;
      this.refused = refused;
    }

    Metered over(SampleDecoder other) {
      return new Metered(other, samples, rejected, refused);
    }

    @Override
    public DecodedBatch decode(String tenant, byte[] body, int length, long nowMs) {
      try {
        DecodedBatch batch = decoder.decode(tenant, body, length, nowMs);
        samples.increment(batch.samples().size());
        rejected.increment(batch.rejected());
        return batch;
      } catch (TidegridException e) {
        refused.increment();
        throw e;
      }
    }
  }

  private Counter counter(Protocol protocol, String what, String description) {
    return Counter.builder("tidegrid.ingest." + what)
        .tag("protocol", protocol.tag)
        .description(description)
        .register(meters);
  }
}
