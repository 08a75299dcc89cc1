package io.tidegrid.node;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.RollupListener;
import io.tidegrid.tier.Tier;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** What is measured of rollups on this member. Safe for use by many threads. */
final class RollupMeters implements RollupListener {

  /** The spans that are computed: blocks, named by their finest tier, and days. */
  private static final Tier[] SPANS = {Tier.ONE_MINUTE, Tier.ONE_DAY};

  private final Map<Tier, Figures> figures = new EnumMap<>(Tier.class);
  private final Counter samples;

  private record Figures(
      Counter spans,
      Counter windows,
      Counter failures,
      Counter refused,
      Counter postponed,
      Timer duration) {}

  /**
   * @param pendingBytes figures that the database has not committed
   * @param maxPendingBytes how many of them there may be
   */
  RollupMeters(
      MeterRegistry registry,
      LiveRollupStatus status,
      LongSupplier pendingBytes,
      long maxPendingBytes) {
    for (Tier tier : SPANS) {
      figures.put(
          tier,
          new Figures(
              counter(registry, "spans", tier, "Blocks and days computed"),
              counter(registry, "windows", tier, "Windows of the finest tier of a span computed"),
              counter(registry, "failures", tier, "Blocks and days that failed; tried again"),
              counter(registry, "refused", tier, "Late blocks and days whose samples are gone"),
              counter(registry, "postponed", tier, "Blocks and days that could not be read yet"),
              Timer.builder("tidegrid.rollup.duration")
                  .description("Time to read, compute and hand over a block or day")
                  .tag("tier", tier.text())
                  .register(registry)));
    }
    samples =
        Counter.builder("tidegrid.rollup.samples")
            .description("Samples read to compute blocks")
            .register(registry);
    for (Tier tier : Tier.values()) {
      Gauge.builder("tidegrid.rollup.dirty", status, s -> s.of(tier).dirtySpans())
          .description("Blocks or days of shards that wait to be computed, open ones included")
          .tag("tier", tier.text())
          .register(registry);
      Gauge.builder("tidegrid.rollup.lag", status, s -> s.lag(tier).toMillis() / 1e3)
          .description("Time since the end of the earliest block or day that is not computed")
          .baseUnit("seconds")
          .tag("tier", tier.text())
          .register(registry);
    }
    Gauge.builder("tidegrid.rollup.pending", pendingBytes, LongSupplier::getAsLong)
        .description("Computed windows that are not committed")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder("tidegrid.rollup.pending.max", () -> maxPendingBytes)
        .description("At so many uncommitted bytes computing waits")
        .baseUnit("bytes")
        .register(registry);
  }

  private static Counter counter(MeterRegistry registry, String name, Tier tier, String what) {
    return Counter.builder("tidegrid.rollup." + name)
        .description(what)
        .tag("tier", tier.text())
        .register(registry);
  }

  private Figures of(DirtySpan span) {
    return figures.get(span.tier() == Tier.ONE_DAY ? Tier.ONE_DAY : Tier.ONE_MINUTE);
  }

  @Override
  public void rolled(DirtySpan span, long windows, long sampleCount, Duration took) {
    Figures of = of(span);
    of.spans.increment();
    of.windows.increment((double) windows);
    of.duration.record(took);
    if (span.tier() != Tier.ONE_DAY) {
      samples.increment((double) sampleCount);
    }
  }

  @Override
  public void refused(DirtySpan span) {
    of(span).refused.increment();
  }

  @Override
  public void postponed(DirtySpan span, String reason) {
    of(span).postponed.increment();
  }

  @Override
  public void failed(DirtySpan span, Throwable cause) {
    of(span).failures.increment();
  }
}
