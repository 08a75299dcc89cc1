package io.tidegrid.node;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.alert.AlertListener;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/** What is measured of the evaluation of alerts on this member. Safe for use by many threads. */
final class AlertMeters implements AlertListener {

  private static final System.Logger LOG = System.getLogger(AlertMeters.class.getName());

  private final Counter samples;
  private final Counter overflowed;
  private final Counter gaps;
  private final Counter changes;
  private final Counter breaches;
  private final Counter recordFailures;
  private final Counter failures;
  private final Timer lag;
  private final Timer repairs;
  private volatile Size size = new Size(0, 0, 0, 0, 0, 0);

  AlertMeters(MeterRegistry meters, long maxWaitingSamples, long maxWindowBytes) {
    this.samples = counter(meters, "samples", "Samples judged by alert rules");
    this.overflowed =
        counter(
            meters, "overflowed", "Samples that came faster than they were judged, and were read");
    this.gaps = counter(meters, "gaps", "Times that batches of a shard were missing and were read");
    this.changes = counter(meters, "changes", "Changes of alerts that were recorded");
    this.breaches = counter(meters, "breaches", "Samples that were announced each by itself");
    this.recordFailures =
        counter(meters, "record.failures", "Recordings that failed and were tried again");
    this.failures = counter(meters, "failures", "Evaluations that failed by an error of the node");
    this.lag =
        Timer.builder("tidegrid.alerts.lag")
            .description("Time from the arrival of samples until they are judged")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofSeconds(30))
            .register(meters);
    this.repairs =
        Timer.builder("tidegrid.alerts.repairs")
            .description("Time to read a shard that was taken over, or had batches missing")
            .register(meters);
    gauge(meters, "shards", "Shards that are evaluated", Size::shards);
    gauge(meters, "series", "Series that meet a rule", Size::series);
    gauge(meters, "standings", "Alerts that evaluation keeps in mind", Size::standings);
    gauge(meters, "bytes", "What evaluation takes, about", Size::bytes);
    gauge(meters, "window.bytes", "What samples of rolling windows take", Size::windowBytes);
    gauge(meters, "waiting", "Samples that wait to be judged", Size::waitingSamples);
    Gauge.builder("tidegrid.alerts.waiting.max", () -> maxWaitingSamples)
        .description("How many may wait; more are read from memory later")
        .register(meters);
    Gauge.builder("tidegrid.alerts.window.bytes.max", () -> maxWindowBytes)
        .description("What samples of rolling windows may take")
        .register(meters);
  }

  private static Counter counter(MeterRegistry meters, String name, String description) {
    return Counter.builder("tidegrid.alerts." + name).description(description).register(meters);
  }

  private void gauge(
      MeterRegistry meters, String name, String description, ToDoubleFunction<Size> figure) {
    Gauge.builder("tidegrid.alerts." + name, this, any -> figure.applyAsDouble(any.size))
        .description(description)
        .register(meters);
  }

  @Override
  public void judged(int batches, long judged, Duration waited) {
    samples.increment((double) judged);
    lag.record(waited);
  }

  @Override
  public void overflowed(long more) {
    overflowed.increment((double) more);
  }

  @Override
  public void gap(int shard) {
    gaps.increment();
  }

  @Override
  public void repaired(int shard, Duration took) {
    repairs.record(took);
  }

  @Override
  public void recorded(int changed, int broken) {
    changes.increment(changed);
    breaches.increment(broken);
  }

  @Override
  public void recordFailed(int shard, Throwable cause) {
    recordFailures.increment();
    LOG.log(System.Logger.Level.DEBUG, "alerts of shard " + shard + " not recorded yet", cause);
  }

  @Override
  public void failed(int shard, Throwable cause) {
    failures.increment();
    LOG.log(
        System.Logger.Level.WARNING, "an alert of shard " + shard + " was not evaluated", cause);
  }

  @Override
  public void size(Size now) {
    size = now;
  }
}
