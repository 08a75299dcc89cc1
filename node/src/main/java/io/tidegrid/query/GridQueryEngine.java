package io.tidegrid.query;

import com.hazelcast.config.Config;
import com.hazelcast.config.ExecutorConfig;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.GridNames;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import io.tidegrid.query.QueryMeters.Operation;
import io.tidegrid.store.BlockDemand;
import io.tidegrid.store.ShardReader;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/**
 * Answers queries from all members: each owner reads, and where it can aggregates, what it owns
 * from memory and, for the times that its memory does not hold whole, from the database; the member
 * that was asked merges. One for each member. Safe for use by many threads.
 */
public final class GridQueryEngine implements QueryEngine, AutoCloseable {

  /** Other members' queries that one member works on at once; more of them queue. */
  private static final int EXECUTOR_THREADS = 32;

  private final ConcurrentMap<String, Object> userContext;
  private final QueryOptions options;
  private final InstantSource clock;
  private final MemberReader reader;
  private final QueryCoordinator coordinator;
  private final QueryMeters meters;
  private final Retentions retentions;
  private final SourceChoice choice;

  /**
   * Starts to answer the questions of other members, too.
   *
   * @param hazelcast this member, set up by {@link #configure}; its partitions are the shards
   * @param reader reads the shards that this member owns
   * @param archive the database; empty when memory is all there is
   * @param options the limits; the same on all members
   * @param meters where to measure
   * @param clock what the time limits go by
   * @throws IllegalArgumentException when there are not as many shards as partitions
   */
  public GridQueryEngine(
      HazelcastInstance hazelcast,
      ShardReader reader,
      Optional<SampleArchive> archive,
      QueryOptions options,
      MeterRegistry meters,
      InstantSource clock) {
    this(
        hazelcast,
        reader,
        archive,
        options,
        meters,
        clock,
        Optional.empty(),
        Retentions.UNLIMITED,
        BlockDemand.NONE);
  }

  /**
   * The same of a node that stores windows.
   *
   * @param rollups the stored windows; empty when none are stored, so that all are computed from
   *     samples. Only where there is an archive
   * @param retentions what tenants may see
   * @param demand is told what this member's memory lacked
   */
  public GridQueryEngine(
      HazelcastInstance hazelcast,
      ShardReader reader,
      Optional<SampleArchive> archive,
      QueryOptions options,
      MeterRegistry meters,
      InstantSource clock,
      Optional<RollupArchive> rollups,
      Retentions retentions,
      BlockDemand demand) {
    this.userContext = hazelcast.getUserContext();
    this.options = options;
    this.clock = clock;
    this.retentions = retentions;
    this.choice = new SourceChoice(rollups, retentions);
    HourCache hours = new HourCache(options.rollupCacheBytes(), meters);
    this.reader =
        new MemberReader(reader, demand, new Archives(archive, rollups, hours), options, clock);
    this.coordinator = new QueryCoordinator(hazelcast, this.reader);
    this.meters = new QueryMeters(meters, options, this.reader);
    userContext.put(MemberReader.USER_CONTEXT_KEY, this.reader);
  }

  /** Adds to a member's configuration what the members need to ask each other. */
  public static void configure(Config config) {
    config
        .getSerializationConfig()
        .addDataSerializableFactory(QuerySerializers.FACTORY_ID, new QuerySerializers());
    config.addExecutorConfig(new ExecutorConfig(GridNames.QUERY_EXECUTOR, EXECUTOR_THREADS));
  }

  @Override
  public List<SeriesSamples> select(
      String tenant, List<Matcher> matchers, TimeRange range, QueryContext context) {
    checked(range);
    return orNone(
        tenant,
        matchers,
        context,
        List.of(),
        () -> {
          TimeRange visible = choice.visible(range, Source.RAW, tenant);
          List<SeriesSamples> found =
              select(new SamplesQuestion(tenant, matchers, visible, false), context);
          if (found.isEmpty()) {
            choice.requireKept(visible, Source.RAW, tenant);
          }
          return found;
        });
  }

  /** Retention takes nothing from series that there never were: of these there is just none. */
  private <T> T orNone(
      String tenant, List<Matcher> matchers, QueryContext context, T none, Supplier<T> read) {
    try {
      return read.get();
    } catch (TidegridException e) {
      if (e.code() != ErrorCode.INVALID_RANGE || exists(tenant, matchers, context)) {
        throw e;
      }
      return none;
    }
  }

  /**
   * As {@link #select}, but keeps Prometheus' stale markers (NaN with the bits 0x7ff0000000000002)
   * among the samples, for evaluators that have to see where a series ends.
   */
  public List<SeriesSamples> selectWithStaleMarkers(
      String tenant, List<Matcher> matchers, TimeRange range, QueryContext context) {
    checked(range);
    long from = Math.max(range.fromMs(), retentions.keptFromMs(tenant, Source.RAW.text()));
    return from > range.toMs()
        ? List.of()
        : select(
            new SamplesQuestion(tenant, matchers, new TimeRange(from, range.toMs()), true),
            context);
  }

  private List<SeriesSamples> select(SamplesQuestion question, QueryContext context) {
    return ask(Operation.SELECT, question, context, SeriesAnswer::sorted);
  }

  @Override
  public Aggregates aggregate(AggregateQuery query, QueryContext context) {
    checked(query.range());
    if (query.function() == Function.RAW) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "/function", "raw does not aggregate; select samples instead");
    }
    if (query.intervalMs() < 0) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "/interval", "the interval must be positive");
    }
    Source source = choice.forAggregate(query);
    return orNone(
        query.tenant(),
        query.matchers(),
        context,
        new Aggregates(source, List.of()),
        () -> aggregate(query, source, context));
  }

  private Aggregates aggregate(AggregateQuery query, Source source, QueryContext context) {
    TimeRange range = choice.visible(query.range(), source, query.tenant());
    AggregateQuery visible =
        new AggregateQuery(
            query.tenant(),
            query.matchers(),
            range,
            query.function(),
            query.intervalMs(),
            query.groupBy());
    List<Bucket> buckets =
        source == Source.RAW
            ? ask(
                Operation.AGGREGATE,
                new AggregateQuestion(visible),
                context,
                GroupedWindows::toBuckets)
            : askRollups(
                Operation.AGGREGATE,
                pooled(visible, source),
                context,
                answer -> answer.toBuckets(query.function()));
    if (buckets.isEmpty()) {
      choice.requireKept(range, source, query.tenant());
    }
    return new Aggregates(source, buckets);
  }

  private static RollupQuestion pooled(AggregateQuery query, Source source) {
    RollupQuery windows =
        new RollupQuery(
            query.tenant(),
            query.matchers(),
            query.range(),
            query.intervalMs(),
            Grouping.by(query.groupBy()),
            Percentile.isPercentile(query.function()));
    return new RollupQuestion(windows, source.tier(), true, false);
  }

  @Override
  public RollupResult rollups(RollupQuery query, QueryContext context) {
    checked(query.range());
    if (query.windowMs() <= 0) {
      throw TidegridException.ofField(
          ErrorCode.INVALID_VALUE, "/window", "the window must be positive");
    }
    Source source = SourceChoice.forWindow(query.windowMs());
    return orNone(
        query.tenant(),
        query.matchers(),
        context,
        new RollupResult(source, List.of()),
        () -> rollups(query, source, context));
  }

  private RollupResult rollups(RollupQuery query, Source source, QueryContext context) {
    TimeRange range = choice.visible(query.range(), source, query.tenant());
    RollupQuery visible =
        new RollupQuery(
            query.tenant(),
            query.matchers(),
            range,
            query.windowMs(),
            query.grouping(),
            query.quantiles());
    List<RollupRow> rows =
        askRollups(
            Operation.ROLLUPS,
            new RollupQuestion(visible, source.tier(), false, false),
            context,
            RollupAnswer::toRows);
    if (rows.isEmpty()) {
      choice.requireKept(range, source, query.tenant());
    }
    return new RollupResult(source, rows);
  }

  /** With the database away, what memory holds whole is computed from there. */
  private <T> T askRollups(
      Operation operation,
      RollupQuestion question,
      QueryContext context,
      java.util.function.Function<RollupAnswer, T> result) {
    try {
      return ask(operation, question, context, result);
    } catch (TidegridException e) {
      if (e.code() != ErrorCode.STORAGE_AWAY) {
        throw e;
      }
      return ask(operation, question.preferringMemory(), context, result);
    }
  }

  @Override
  public Source sourceFor(String tenant, TimeRange range) {
    return choice.forRange(tenant, checked(range));
  }

  @Override
  public List<SeriesSamples> latest(
      String tenant, List<Matcher> matchers, long toMs, QueryContext context) {
    long keptFrom = retentions.keptFromMs(tenant, Source.RAW.text());
    List<SeriesSamples> found =
        ask(
            Operation.LATEST,
            new LatestQuestion(tenant, matchers, toMs),
            context,
            SeriesAnswer::sorted);
    return found.stream()
        .filter(series -> series.size() == 0 || series.times()[0] >= keptFrom)
        .toList();
  }

  @Override
  public boolean exists(String tenant, List<Matcher> matchers, QueryContext context) {
    return ask(
        Operation.EXISTS, new ExistsQuestion(tenant, matchers), context, ExistsAnswer::decided);
  }

  @Override
  public List<MetricSummary> metrics(String tenant, String search, QueryContext context) {
    return ask(
        Operation.METRICS, new MetricsQuestion(tenant, search), context, MetricsAnswer::sorted);
  }

  @Override
  public Optional<MetricDetails> metric(String tenant, String metric, QueryContext context) {
    return ask(
        Operation.METRIC,
        new MetricQuestion(tenant, metric),
        context,
        answer ->
            answer
                .details(metric)
                .map(found -> found.since(retentions.keptFromMs(tenant, Source.RAW.text()))));
  }

  @Override
  public List<String> labelValues(
      String tenant, String label, List<Matcher> matchers, QueryContext context) {
    return ask(
        Operation.LABEL_VALUES,
        new LabelValuesQuestion(tenant, label, matchers),
        context,
        NamesAnswer::sorted);
  }

  private <A extends Answer<A>, T> T ask(
      Operation operation,
      ShardQuestion<A> question,
      QueryContext context,
      java.util.function.Function<A, T> result) {
    QueryBudget budget = new QueryBudget(options, clock, context.timeout(), context.cancelled());
    return meters.measure(operation, budget, () -> result.apply(coordinator.ask(question, budget)));
  }

  private static TimeRange checked(TimeRange range) {
    if (range.fromMs() > range.toMs()) {
      throw new TidegridException(
          ErrorCode.INVALID_RANGE, "the start of the range lies after its end");
    }
    return range;
  }

  /** Stops answering. Running queries end with an error. */
  @Override
  public void close() {
    userContext.remove(MemberReader.USER_CONTEXT_KEY, reader);
    reader.close();
  }
}
