package io.tidegrid.node;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.jet.Job;
import io.micrometer.core.instrument.MeterRegistry;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.tidegrid.alert.AlertFeed;
import io.tidegrid.alert.AlertJob;
import io.tidegrid.alert.AlertPorts;
import io.tidegrid.alerting.AlertCenter;
import io.tidegrid.alerting.AlertDoors;
import io.tidegrid.alerting.QueryGroupSource;
import io.tidegrid.alerting.StoreAlertSource;
import io.tidegrid.grid.GridNames;
import io.tidegrid.live.CompositeTap;
import io.tidegrid.live.SampleTap;
import io.tidegrid.persist.AlertPersistence;
import io.tidegrid.persist.Persistence;
import io.tidegrid.query.QueryEngine;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.store.ShardKeys;
import io.tidegrid.store.StoreOptions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A member's part in alerts: rules and states, the job that evaluates them, and the receivers. Safe
 * for use by many threads.
 */
final class Alerting {

  private static final System.Logger LOG = System.getLogger(Alerting.class.getName());

  /** How long a job that ended by an error nobody thought of stays away at most. */
  private static final long CHECK_SECONDS = 5;

  private static final long END_SECONDS = 3;

  private final HazelcastInstance hazelcast;
  private final NodeConfig config;
  private final Optional<AlertPersistence> database;
  private final MeterRegistry meters;
  private final InstantSource clock;
  private final AlertCenter center;
  private final AlertFeed feed;
  private final ScheduledExecutorService keeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("alert-job-keeper").factory());
  private Optional<AlertPorts> ports = Optional.empty();
  private Optional<Job> job = Optional.empty();
  private boolean failing;

  private Alerting(
      HazelcastInstance hazelcast,
      NodeConfig config,
      Optional<AlertPersistence> database,
      MeterRegistry meters,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.config = config;
    this.database = database;
    this.meters = meters;
    this.clock = clock;
    int[] keys = ShardKeys.of(hazelcast);
    this.center =
        AlertCenter.start(
            hazelcast, shard -> keys[shard], database, config.alertCenterOptions(), meters, clock);
    this.feed = new AlertFeed(center.ruleBook(), config.evaluationOptions().maxWaitingSamples());
    center.evaluation(feed);
  }

  /** Adds to a member's configuration what alerts need. */
  static Config configure(Config config, StoreOptions store, Optional<Persistence> database) {
    AlertCenter.configure(config, store.backupCount(), database.map(Persistence::alerts));
    return config;
  }

  /** Makes ready what the store needs; to be followed by {@link #start}. */
  static Alerting open(
      HazelcastInstance hazelcast,
      NodeConfig config,
      Optional<Persistence> database,
      MeterRegistry meters,
      InstantSource clock) {
    Optional<AlertPersistence> alerts = database.map(Persistence::alerts);
    alerts.ifPresent(any -> any.attach(hazelcast, config.retentionAlerts()));
    return new Alerting(hazelcast, config, alerts, meters, clock);
  }

  /** Returns what the store shows samples to, beside another. */
  SampleTap tap(SampleTap other) {
    return new CompositeTap(List.of(feed, other));
  }

  /** Waits until rules can be changed, or the time is over. */
  void awaitLoaded(Duration within) throws InterruptedException {
    boolean ignored = center.awaitLoaded(within);
  }

  /** Returns what others may do with alerts. */
  AlertDoors doors() {
    return center.doors();
  }

  /**
   * Returns the gauge {@code active_alerts_total}. The registry's own way to gauges would take the
   * end off the name.
   */
  Collector activeAlerts() {
    return () ->
        new GaugeSnapshot(
            new MetricMetadata(
                "active_alerts_total",
                "Firing alerts of the shards that this member owns, by severity"),
            center.firing().entrySet().stream()
                .map(entry ->
                    new GaugeSnapshot.GaugeDataPointSnapshot(
                        entry.getValue(), Labels.of("severity", entry.getKey()), null))
                .toList());
  }

  /** Begins to evaluate. Returns at once; the job starts when the cluster gets to it. */
  void start(SeriesStore store, QueryEngine queries) {
    AlertPorts installed =
        new AlertPorts(
            center.ruleBook(),
            feed,
            new StoreAlertSource(store.numberedReader()),
            new QueryGroupSource(queries, config.evaluationOptions().staleAfter()),
            center.ledger(),
            clock,
            config.evaluationOptions(),
            new AlertMeters(
                meters,
                config.evaluationOptions().maxWaitingSamples(),
                config.evaluationOptions().maxWindowBytes()));
    ports = Optional.of(installed);
    installed.install(hazelcast);
    var ignored = keeper.scheduleWithFixedDelay(this::keepJob, 0, CHECK_SECONDS, TimeUnit.SECONDS);
  }

  private void keepJob() {
    try {
      if (job.isEmpty() || job.get().getStatus().isTerminal()) {
        job = Optional.of(AlertJob.submit(hazelcast));
      }
      failing = false;
    } catch (RuntimeException e) {
      // Members come and go, and jobs with them: the next time it is looked up anew.
      job = Optional.empty();
      if (!failing && hazelcast.getLifecycleService().isRunning()) {
        LOG.log(System.Logger.Level.WARNING, "the job of alerts could not be started yet", e);
      }
      failing = true;
    }
  }

  /**
   * Evaluates no more, and tells nobody.
   *
   * @param last whether the cluster ends with this member; then the job is ended too
   */
  void close(boolean last) {
    ports.ifPresent(installed -> installed.remove(hazelcast));
    keeper.shutdown();
    if (last && hazelcast.getLifecycleService().isRunning()) {
      endJob();
    }
    center.close();
  }

  private void endJob() {
    try {
      // A job that is just being started would be missed.
      boolean ignored = keeper.awaitTermination(END_SECONDS, TimeUnit.SECONDS);
      Job running = hazelcast.getJet().getJob(AlertJob.NAME);
      if (running != null && !running.getStatus().isTerminal()) {
        running.cancel();
        var _ = running.getFuture().get(END_SECONDS, TimeUnit.SECONDS);
      }
    } catch (CancellationException expected) {
      LOG.log(System.Logger.Level.DEBUG, "the job of alerts has ended");
    } catch (ExecutionException | TimeoutException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "the job of alerts ends with its member", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Stores what waits to be written behind, if the database is there, and nothing afterwards: a
   * grid that shuts down would wait for a database that does not come back. Who takes over compares
   * what it has with the database.
   */
  void endStoring(boolean reachable) {
    if (database.isPresent() && reachable) {
      hazelcast.getMap(GridNames.ALERT_STATE).flush();
      hazelcast.getMap(GridNames.ALERT_HISTORY).flush();
    }
    database.ifPresent(AlertPersistence::close);
  }
}
