package io.tidegrid.ingest;

/**
 * Samples as JSON: one object, an array of objects, or an object whose {@code metrics} is such an
 * array. A row is
 *
 * <pre>{@code
 * {"metric_name": "cpu", "value": 75.5, "timestamp": "2025-12-03T12:00:00Z", "labels": {"host": "a"},
 *  "type": "gauge", "unit": "percent", "help_text": "..."}
 * }</pre>
 *
 * <p>Everything but name and value may be missing. {@code name} is {@code metric_name}, {@code
 * dimensions} are {@code labels}; of a key given twice, in either spelling, the last one counts;
 * unknown keys are ignored. Times are as in {@link TimeParser}, numbers too; without one, the time
 * of arrival. Label values may be strings, numbers and booleans, which become their text; null and
 * empty ones are absent.
 *
 * <p>Bad rows of a batch are reported in {@link DecodedBatch#errors}, their detail beginning with
 * the JSON pointer of the field. A single bad object throws a {@link
 * io.tidegrid.model.TidegridException} that names all its bad fields.
 */
final class JsonDecoder implements SampleDecoder {

  private final IngestOptions options;
  private final SeriesCache cache;

  JsonDecoder(IngestOptions options, SeriesCache cache) {
    this.options = options;
    this.cache = cache;
  }

  @Override
  public DecodedBatch decode(String tenant, byte[] body, int length, long nowMs) {
    DecodeContext context =
        new DecodeContext(
            options, cache, tenant, Protocol.JSON, nowMs, Math.min(length / 128, 1 << 16));
    return new JsonParser(context, body, length).parse();
  }
}
