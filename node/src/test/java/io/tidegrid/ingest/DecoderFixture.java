package io.tidegrid.ingest;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.SampleBatch;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Decoders with the default limits, and samples as text to compare. */
final class DecoderFixture {

  static final long NOW = 1_750_000_000_000L;

  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final SeriesCache cache = new SeriesCache(8 << 20, meters);
  final Decoders decoders = new Decoders(IngestOptions.defaults(), cache, meters);

  static DecodedBatch decode(SampleDecoder decoder, byte[] body) {
    return decoder.decode("default", body, body.length, NOW);
  }

  static DecodedBatch decode(SampleDecoder decoder, String body) {
    return decode(decoder, body.getBytes(StandardCharsets.UTF_8));
  }

  /** Returns each sample as {@code row: series value @time}, the time relative to {@link #NOW}. */
  static List<String> samples(DecodedBatch batch) {
    List<String> texts = new ArrayList<>();
    SampleBatch samples = batch.samples();
    for (int i = 0; i < samples.size(); i++) {
      texts.add(
          samples.row(i)
              + ": "
              + samples.keys()[i].labels()
              + " "
              + samples.values()[i]
              + " @"
              + (samples.times()[i] - NOW));
    }
    return texts;
  }

  /** Returns each error as {@code row CODE detail}. */
  static List<String> errors(DecodedBatch batch) {
    return batch.errors().stream().map(e -> e.index() + " " + e.code() + " " + e.detail()).toList();
  }
}
