package io.tidegrid.node;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.tidegrid.alerting.AlertDoors;
import io.tidegrid.grid.GridNames;
import io.tidegrid.http.HttpDecoders;
import io.tidegrid.http.HttpDoors;
import io.tidegrid.http.HttpServer;
import io.tidegrid.http.RollupStatus;
import io.tidegrid.http.StorageAdmin;
import io.tidegrid.ingest.Decoders;
import io.tidegrid.ingest.GridIngest;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.ingest.SeriesCache;
import io.tidegrid.live.LiveHub;
import io.tidegrid.persist.DataDirectoryInUseException;
import io.tidegrid.persist.Inbox;
import io.tidegrid.persist.JournalRetirement;
import io.tidegrid.persist.Persistence;
import io.tidegrid.persist.SchemaException;
import io.tidegrid.query.Downsample;
import io.tidegrid.query.GridQueryEngine;
import io.tidegrid.query.QueryEngine;
import io.tidegrid.store.BacklogGate;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.SeriesStore;
import io.tidegrid.store.StoreOptions;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A running node: a member of the grid with its database and its HTTP server. Start one per JVM and
 * address. Safe for use by many threads.
 */
public final class TidegridNode implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(TidegridNode.class.getName());
  private static final Duration FIRST_CONNECT = Duration.ofSeconds(20);

  private final NodeConfig config;
  private final PrometheusMeterRegistry meters;
  private final Optional<Persistence> persistence;
  private final Optional<JournalRetirement> retirement;
  private final Optional<Rollups> rollups;
  private final HazelcastInstance hazelcast;
  private final LiveHub live;
  private final Alerting alerting;
  private final SeriesStore store;
  private final GridIngest ingest;
  private final Optional<Inbox> inbox;
  private final EventsWiring events;
  private final GridQueryEngine queries;
  private final HttpServer http;
  private final LiveStatus status;
  private final int gridPort;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean clean;

  private TidegridNode(NodeConfig config, java.time.Clock clock) {
    this.config = config;
    Instant startedAt = clock.instant();
    this.meters =
        new PrometheusMeterRegistry(
            PrometheusConfig.DEFAULT, new PrometheusRegistry(), Clock.SYSTEM);
    StorageMode storage = config.storage();
    if (storage == StorageMode.EMBEDDED && !config.gridJoin().isEmpty()) {
      throw new ConfigException(
          List.of(
              "grid.join: members of a cluster share one database or have none; an embedded one"
                  + " belongs to one node. Set --database-url to the database of the cluster, or"
                  + " --storage memory on all members"));
    }
    Ports.checkHttp(config);
    this.gridPort = Ports.grid(config);
    StoreOptions storeOptions =
        new StoreOptions(
            config.gridShards(),
            config.gridBackupCount(),
            config.memoryRetention(),
            config.ingestOptions().maxFuture(),
            storage != StorageMode.MEMORY,
            config.memoryMax());
    // The database comes up while the grid does.
    this.persistence =
        storage == StorageMode.MEMORY
            ? Optional.empty()
            : Optional.of(Persistence.start(Settings.persistence(config), meters, clock));
    try {
      this.hazelcast =
          Hazelcast.newHazelcastInstance(
              Alerting.configure(
                  GridConfig.of(
                      config,
                      storeOptions,
                      gridPort,
                      persistence.map(Persistence::journalStoreConfig),
                      persistence.map(Persistence::metadataStoreConfig),
                      persistence.map(Persistence::rollupStoreConfig),
                      persistence.map(Persistence::eventStoreConfig),
                      Settings.storageIdentity(config)),
                  storeOptions,
                  persistence));
    } catch (RuntimeException e) {
      persistence.ifPresent(Persistence::close);
      throw e;
    }
    try {
      refuseOtherStorage();
      BacklogGate gate = persistence.map(Persistence::gate).orElse(BacklogGate.open());
      this.live = LiveHub.start(hazelcast, meters);
      this.alerting = Alerting.open(hazelcast, config, persistence, meters, clock);
      this.store =
          SeriesStore.open(hazelcast, storeOptions, clock, gate, meters, alerting.tap(live.tap()));
      persistence.ifPresent(database -> store.evictCommittedBy(database.watermark()));
      persistence.ifPresent(database ->
          database.attach(
              hazelcast,
              store,
              store.wholeBlocks(),
              Settings.compaction(config),
              Settings.retention(config)));
      this.rollups =
          persistence
              .filter(database -> config.rollupEnabled())
              .map(database -> Rollups.of(hazelcast, store, database, config, meters, clock));
      this.retirement =
          persistence.isPresent()
              ? Optional.empty()
              : Optional.of(JournalRetirement.start(hazelcast));
      this.ingest =
          new GridIngest(
              hazelcast,
              store,
              config.ingestOptions(),
              config.memoryRetention(),
              persistence.map(database -> database::commit),
              () -> persistence.map(Persistence::paceMs).orElse(0L),
              clock,
              meters);
      this.inbox =
          persistence.map(
              database -> InboxWiring.open(database, hazelcast, ingest, config.ingestOptions()));
      SeriesCache cache = new SeriesCache(config.ingestOptions().seriesCacheBytes(), meters);
      this.events = EventsWiring.open(hazelcast, ingest, persistence, config, cache, meters, clock);
      this.queries =
          new GridQueryEngine(
              hazelcast,
              store.reader(),
              persistence.map(Persistence::archive),
              config.queryOptions(),
              meters,
              clock,
              rollups.flatMap(any -> persistence.map(Persistence::rollupArchive)),
              Settings.retentions(config, clock),
              persistence
                  .map(database -> DatabaseBlocks.reloadInto(store, database, config))
                  .orElse(BlockDemand.NONE));
      this.status = new LiveStatus(hazelcast, store, persistence, startedAt, clock);
      this.http =
          new HttpServer(
              Settings.http(config),
              config.webSocketOptions(),
              new HttpDoors(
                  ingest,
                  queries,
                  live,
                  alerting.doors(),
                  Optional.of(events.api()),
                  rollups.map(Rollups::status).orElse(RollupStatus.NONE),
                  status,
                  persistence.<StorageAdmin>map(LiveStorageAdmin::new).orElse(StorageAdmin.NONE)),
              config.ingestOptions().ack(),
              decoders(cache),
              Downsample::lttb,
              meters,
              clock);
      bindMeters();
      alerting.start(store, queries);
      http.start();
      rollups.ifPresent(Rollups::start);
    } catch (RuntimeException e) {
      hazelcast.getLifecycleService().terminate();
      persistence.ifPresent(Persistence::close);
      throw e;
    }
  }

  /**
   * Starts a node and returns when it can take requests. With a database that cannot be reached it
   * returns after a while all the same: the node then takes what its backlog holds and says so.
   *
   * @throws ConfigException when the configuration cannot work, such as a port that is taken
   * @throws SchemaException when the database was made by a newer node, or is not this project's
   */
  public static TidegridNode start(NodeConfig config) {
    TidegridNode node = new TidegridNode(config, java.time.Clock.systemUTC());
    try {
      node.awaitFirstConnect();
    } catch (DataDirectoryInUseException e) {
      node.abandon();
      throw new ConfigException(List.of("data-dir: " + e.getMessage()));
    } catch (SchemaException e) {
      node.abandon();
      throw e;
    }
    node.status.started();
    return node;
  }

  private void awaitFirstConnect() {
    try {
      if (persistence.isPresent() && !persistence.get().awaitFirstTry(FIRST_CONNECT)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "the node starts without its database and goes on trying to reach it: writes are kept"
                + " in memory, queries are answered when it was there");
        return;
      }
      if (persistence.isPresent()) {
        status.awaitDirectory(FIRST_CONNECT);
      }
      alerting.awaitLoaded(FIRST_CONNECT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends a node that never was ready. */
  private void abandon() {
    http.stop();
    rollups.ifPresent(any -> any.close(false));
    alerting.close(false);
    inbox.ifPresent(Inbox::close);
    events.events().close();
    ingest.close();
    queries.close();
    live.close();
    hazelcast.getLifecycleService().terminate();
    persistence.ifPresent(Persistence::close);
  }

  private void refuseOtherStorage() {
    String own = Settings.storageIdentity(config);
    for (Member member : hazelcast.getCluster().getMembers()) {
      String theirs = member.getAttribute(GridConfig.STORAGE_ATTRIBUTE);
      if (!member.localMember()
          && (!own.equals(theirs) || config.storage() == StorageMode.EMBEDDED)) {
        throw new ConfigException(
            List.of(
                "storage: the cluster at "
                    + member.getAddress()
                    + " persists elsewhere ("
                    + theirs
                    + ") than this node ("
                    + own
                    + "); all members share one database (--database-url) or run with --storage"
                    + " memory"));
      }
    }
  }

  private HttpDecoders decoders(SeriesCache cache) {
    Decoders decoders = new Decoders(config.ingestOptions(), cache, meters);
    return new HttpDecoders(
        decoders.json(), decoders.remoteWrite(), decoders::influxLine, decoders::text);
  }

  private void bindMeters() {
    new JvmMemoryMetrics().bindTo(meters);
    new JvmThreadMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    JvmGcMetrics gc = new JvmGcMetrics();
    gc.bindTo(meters);
    meters.getPrometheusRegistry().register(alerting.activeAlerts());
    Gauge.builder("tidegrid.store.series", status, s -> s.memory().series())
        .description("Series in the shards that this member owns")
        .register(meters);
    Gauge.builder("tidegrid.store.samples", status, s -> s.memory().samples())
        .description("Samples in memory in the shards that this member owns")
        .register(meters);
    Gauge.builder("tidegrid.store.bytes", status, s -> s.memory().sampleBytes())
        .description("Heap taken by the shards that this member owns")
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("tidegrid.grid.members", hazelcast, h -> h.getCluster().getMembers().size())
        .description("Members of the cluster")
        .register(meters);
  }

  /** Returns where the HTTP API is. */
  public URI httpUri() {
    return URI.create("http://" + config.httpHost() + ":" + http.port());
  }

  /** Returns the address that other members join. */
  public String gridAddress() {
    return config.gridHost() + ":" + gridPort;
  }

  /** Returns the door for writing samples from this JVM. */
  public Ingest ingest() {
    return ingest;
  }

  /** Returns the door for reading samples from this JVM. */
  public QueryEngine queries() {
    return queries;
  }

  /** Returns the doors for rules, alerts and silences from this JVM. */
  public AlertDoors alerts() {
    return alerting.doors();
  }

  /** Returns the member of the grid that this node is. */
  public HazelcastInstance hazelcast() {
    return hazelcast;
  }

  /** Returns in a few lines what runs where. */
  public String summary() {
    return "tidegrid "
        + Version.text()
        + " is ready\n  HTTP API  "
        + httpUri()
        + "\n  grid      "
        + gridAddress()
        + " (cluster "
        + config.gridClusterName()
        + ", "
        + hazelcast.getCluster().getMembers().size()
        + " member(s), "
        + config.gridShards()
        + " shards)\n  storage   "
        + Settings.storageText(config);
  }

  /**
   * Stops the node: says that it leaves, answers what is under way, persists what is pending, hands
   * its shards to the other members, and stops the database that it runs. A second call waits for
   * the first.
   */
  @Override
  public void close() {
    closeCleanly();
  }

  /**
   * Does what {@link #close} does.
   *
   * @return whether everything acknowledged is persisted or with other members
   */
  public boolean closeCleanly() {
    if (!closing.compareAndSet(false, true)) {
      awaitClosed();
      return clean;
    }
    try {
      status.stopping();
      http.drain();
      http.stop();
      inbox.ifPresent(Inbox::close);
      events.events().close();
      ingest.close();
      boolean others = hazelcast.getCluster().getMembers().size() > 1;
      rollups.ifPresent(any -> any.close(!others));
      alerting.close(!others);
      boolean flushed =
          persistence.map(database -> database.flush(config.shutdownGrace())).orElse(true);
      if (flushed && persistence.isPresent()) {
        // Terminating forgets what waits to be written behind.
        hazelcast.getMap(GridNames.METADATA).flush();
      }
      alerting.endStoring(flushed);
      queries.close();
      live.close();
      retirement.ifPresent(JournalRetirement::close);
      if (others) {
        hazelcast.shutdown();
      } else {
        // Alone there is nobody to hand over to, and what had to be stored is.
        hazelcast.getLifecycleService().terminate();
      }
      persistence.ifPresent(Persistence::close);
      clean = flushed || others;
    } finally {
      closed.countDown();
    }
    return clean;
  }

  /** Waits until the node is closed. */
  public void awaitTermination() throws InterruptedException {
    closed.await();
  }

  private void awaitClosed() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
