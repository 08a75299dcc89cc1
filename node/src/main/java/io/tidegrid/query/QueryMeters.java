package io.tidegrid.query;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/** What is measured of queries. Safe for use by many threads. */
final class QueryMeters {

  /** What is asked of the engine. */
  enum Operation {
    SELECT,
    AGGREGATE,
    ROLLUPS,
    LATEST,
    EXISTS,
    METRICS,
    METRIC,
    LABEL_VALUES;

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final MeterRegistry registry;
  private final Map<Operation, Timer> durations = new EnumMap<>(Operation.class);
  private final Map<Operation, Counter> answered = new EnumMap<>(Operation.class);
  private final Map<QueryBudget.Limit, Counter> refused = new EnumMap<>(QueryBudget.Limit.class);
  private final Counter samples;
  private final Set<QueryBudget> running = ConcurrentHashMap.newKeySet();

  QueryMeters(MeterRegistry registry, QueryOptions options, MemberReader reader) {
    this.registry = registry;
    for (Operation operation : Operation.values()) {
      durations.put(
          operation,
          Timer.builder("query.operation.duration")
              .description("Time from question to whole answer")
              .tag("operation", operation.text())
              .serviceLevelObjectives(
                  Duration.ofMillis(1),
                  Duration.ofMillis(5),
                  Duration.ofMillis(20),
                  Duration.ofMillis(100),
                  Duration.ofMillis(500),
                  Duration.ofSeconds(2),
                  Duration.ofSeconds(10),
                  Duration.ofSeconds(30))
              .register(registry));
      answered.put(operation, requests(operation, "ok"));
    }
    for (QueryBudget.Limit limit : QueryBudget.Limit.values()) {
      refused.put(
          limit,
          Counter.builder("query.limit.refused")
              .description("Queries ended because they reached the limit")
              .tag("limit", limit.text())
              .register(registry));
    }
    samples =
        Counter.builder("query.samples.read")
            .description("Samples read from memory and the database")
            .register(registry);
    limit(QueryBudget.Limit.SAMPLES, options.maxSamples(), QueryBudget::samples);
    limit(QueryBudget.Limit.SERIES, options.maxSeries(), QueryBudget::series);
    limit(QueryBudget.Limit.BUCKETS, options.maxBuckets(), QueryBudget::buckets);
    limit(QueryBudget.Limit.MILLISECONDS, options.timeout().toMillis(), QueryBudget::elapsedMs);
    Gauge.builder("query.running", running, Set::size)
        .description("Queries that this member coordinates now")
        .register(registry);
    FunctionCounter.builder("query.database.reads", reader, MemberReader::databaseReads)
        .description(
            "Times that this member read samples or windows of a question from the database")
        .register(registry);
    Gauge.builder("query.threads.busy", reader, MemberReader::busyThreads)
        .description("Threads that read shards now")
        .register(registry);
    Gauge.builder("query.threads.max", options, QueryOptions::threads)
        .description("Threads that may read shards")
        .register(registry);
  }

  private void limit(QueryBudget.Limit limit, long maximum, ToLongFunction<QueryBudget> current) {
    Gauge.builder("query.limit.max", () -> maximum)
        .description("The most that one query may use")
        .tag("limit", limit.text())
        .register(registry);
    Gauge.builder(
            "query.limit.current", running, all -> all.stream().mapToLong(current).max().orElse(0))
        .description("The most that any running query uses")
        .tag("limit", limit.text())
        .register(registry);
  }

  private Counter requests(Operation operation, String outcome) {
    return Counter.builder("query.operations")
        .description(
            "Questions to the engine by what was asked and how it ended: ok or the error's id")
        .tag("operation", operation.text())
        .tag("outcome", outcome)
        .register(registry);
  }

  /** Runs a query and measures it. */
  <T> T measure(Operation operation, QueryBudget budget, Supplier<T> query) {
    running.add(budget);
    long start = System.nanoTime();
    try {
      T result = query.get();
      answered.get(operation).increment();
      return result;
    } catch (TidegridException e) {
      requests(operation, e.code().id()).increment();
      countRefusal(e.code(), budget);
      throw e;
    } catch (RuntimeException e) {
      requests(operation, "failed").increment();
      throw e;
    } finally {
      running.remove(budget);
      samples.increment((double) budget.samples());
      durations
          .get(operation)
          .record(System.nanoTime() - start, java.util.concurrent.TimeUnit.NANOSECONDS);
    }
  }

  /** An error that another member found carries its code alone. */
  private void countRefusal(ErrorCode code, QueryBudget budget) {
    budget
        .reached()
        .or(() -> QueryBudget.Limit.of(code))
        .ifPresent(limit -> refused.get(limit).increment());
  }
}
