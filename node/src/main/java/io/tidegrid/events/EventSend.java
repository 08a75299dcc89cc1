package io.tidegrid.events;

import io.tidegrid.grid.EventBatch;
import io.tidegrid.grid.JournalKey;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * The events of one request on their way. In rounds: reserve their ids; append the samples of those
 * that are ours; put these events into memory and remember their ids. An id that another request
 * has reserved is asked for again in the next round, until that request has taken its event or
 * given it up. Before it waits, a request finishes what it has, so that no two wait for each other.
 */
final class EventSend {

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(25);
  private static final long FIRST_PAUSE_MS = 2;
  private static final long LONGEST_PAUSE_MS = 50;

  static final Duration LOOKUP_TIMEOUT = Duration.ofSeconds(10);
  private static final long DURABLE_PAUSE_MS = 100;
  private static final SplittableRandom RANDOM = new SplittableRandom();

  private final GridEvents grid;
  private final String tenant;
  private final Ack ack;
  private final List<DecodedEvent> events;
  private final EventVerdict[] verdicts;
  private final IdHash[] hashes;
  private final int[] shardOf;
  private final long token;
  private final long receivedMs;
  private final long deadline = System.nanoTime() + PATIENCE_NANOS;

  /** Which event each one that repeats its id waits for; -1 for the first of an id. */
  private final int[] firstOf;

  /** What is reserved for this request and not written yet, by shard. */
  private final Map<Integer, Held> held = new LinkedHashMap<>();

  private final Map<JournalKey, EventBatch> written = new HashMap<>();

  /** Events of a shard whose ids are this request's. */
  private static final class Held {
    private final Origin origin;
    private final long[] ids;
    private final int[] events;
    private long decidesFromMs;
    private boolean refined;

    Held(Origin origin, long[] ids, int[] events) {
      this.origin = origin;
      this.ids = ids;
      this.events = events;
      this.decidesFromMs = origin.decidesFromMs();
    }
  }

  EventSend(GridEvents grid, String tenant, List<DecodedEvent> events, Ack ack) {
    this.grid = grid;
    this.tenant = tenant;
    this.events = events;
    this.ack = ack;
    int count = events.size();
    this.verdicts = new EventVerdict[count];
    this.hashes = new IdHash[count];
    this.shardOf = new int[count];
    this.firstOf = new int[count];
    this.token = random();
    this.receivedMs = grid.nowMs();
    long tenantHash = IdHash.tenant(tenant);
    Map<String, Integer> first = new HashMap<>(count * 2);
    for (int i = 0; i < count; i++) {
      Event event = events.get(i).event();
      // No id holds U+0000.
      Integer earlier =
          count == 1 ? null : first.putIfAbsent(event.deviceId() + '\0' + event.id(), i);
      firstOf[i] = earlier == null ? -1 : earlier;
      hashes[i] = new IdHash(tenantHash, event.deviceId(), event.id());
      shardOf[i] = hashes[i].shard(grid.seeds().length());
    }
  }

  static long random() {
    synchronized (RANDOM) {
      return RANDOM.nextLong();
    }
  }

  List<EventVerdict> run() {
    List<Integer> open = new ArrayList<>(events.size());
    for (int i = 0; i < events.size(); i++) {
      if (firstOf[i] < 0) {
        open.add(i);
      }
    }
    long pause = FIRST_PAUSE_MS;
    boolean finished = false;
    try {
      while (true) {
        List<Integer> busy = reserve(open);
        if (!held.isEmpty()) {
          finish();
        }
        open = open.stream().filter(i -> verdicts[i] == null).toList();
        if (open.isEmpty()) {
          break;
        }
        grid.meters().waited(busy.size());
        pause(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
      finished = true;
    } finally {
      if (!finished) {
        release();
      }
    }
    for (int i = 0; i < verdicts.length; i++) {
      if (firstOf[i] >= 0) {
        verdicts[i] = EventVerdict.DUPLICATE;
      }
    }
    makeDurable();
    List<EventVerdict> answer = List.of(verdicts);
    int stored = (int) answer.stream().filter(EventVerdict.STORED::equals).count();
    grid.meters().taken(stored, answer.size() - stored);
    return answer;
  }

  // ---- reserving

  /** Reserves what can be had; returns what others hold. */
  private List<Integer> reserve(List<Integer> open) {
    Map<Integer, List<Integer>> byShard = new LinkedHashMap<>();
    for (int i : open) {
      byShard.computeIfAbsent(shardOf[i], shard -> new ArrayList<>()).add(i);
    }
    List<Integer> busy = new ArrayList<>(0);
    while (!byShard.isEmpty()) {
      GridCalls<ReserveOutcome> asked = new GridCalls<>(deadline);
      Map<Integer, long[]> idsOf = new HashMap<>();
      byShard.forEach((shard, some) -> {
        long seed = grid.seeds().get(shard);
        long[] ids = some.stream().mapToLong(i -> hashes[i].hash(seed)).toArray();
        long[] bodies = some.stream().mapToLong(i -> events.get(i).event().bodyHash()).toArray();
        idsOf.put(shard, ids);
        asked.add(
            shard,
            () ->
                grid.calls()
                    .reserve(
                        shard,
                        new ReserveProcessor(shard, seed, token, grid.member(), ids, bodies)));
      });
      Map<Integer, List<Integer>> again = new LinkedHashMap<>();
      boolean[] full = {false};
      asked.await((shard, outcome) -> {
        List<Integer> some = byShard.get(shard);
        if (outcome.full()) {
          full[0] = true;
        } else if (outcome.verdicts().length == 0) {
          grid.seeds().set(shard, outcome.origin().seed());
          again.put(shard, some);
        } else {
          take(shard, some, idsOf.get(shard), outcome, busy);
        }
      });
      if (full[0]) {
        throw TidegridException.retryable(
            ErrorCode.BACKLOG_FULL,
            "too many events wait for the database (events.max-pending); send the same again"
                + " later",
            Duration.ofSeconds(2));
      }
      byShard.clear();
      byShard.putAll(again);
    }
    return busy;
  }

  private void take(
      int shard, List<Integer> some, long[] ids, ReserveOutcome outcome, List<Integer> busy) {
    byte[] answers = outcome.verdicts();
    int count = 0;
    long[] heldIds = new long[ids.length];
    int[] heldEvents = new int[ids.length];
    for (int k = 0; k < answers.length; k++) {
      int i = some.get(k);
      if (answers[k] == EventIds.DUPLICATE) {
        verdicts[i] = EventVerdict.DUPLICATE;
      } else if (answers[k] == EventIds.BUSY) {
        busy.add(i);
      } else {
        heldIds[count] = ids[k];
        heldEvents[count++] = i;
      }
    }
    if (count > 0) {
      held.put(
          shard,
          new Held(
              outcome.origin(), Arrays.copyOf(heldIds, count), Arrays.copyOf(heldEvents, count)));
    }
  }

  // ---- finishing what is reserved

  private void finish() {
    Map<Integer, Long> known = lookUp();
    append(known);
    write(known);
  }

  /** Returns, by event, the hashes of those that only the database remembers. */
  private Map<Integer, Long> lookUp() {
    if (grid.database().isEmpty()) {
      return Map.of();
    }
    refine();
    List<Integer> asked = new ArrayList<>(0);
    for (Held shard : held.values()) {
      for (int i : shard.events) {
        Event event = events.get(i).event();
        if (!event.timed() || event.timeMs() <= shard.decidesFromMs) {
          asked.add(i);
        }
      }
    }
    if (asked.isEmpty()) {
      return Map.of();
    }
    grid.meters().lookedUp(asked.size());
    Map<Integer, Long> found =
        grid.database()
            .get()
            .archive()
            .known(tenant, asked.stream().map(i -> events.get(i).event()).toList(), LOOKUP_TIMEOUT);
    Map<Integer, Long> known = new HashMap<>();
    found.forEach((k, body) -> known.put(asked.get(k), body));
    return known;
  }

  /** A state that began lately need only ask for events that came about when it began. */
  private void refine() {
    List<Origin> origins =
        held.values().stream().map(shard -> shard.origin).filter(Origin::provisional).toList();
    if (origins.isEmpty()) {
      return;
    }
    long latest = grid.latestTime(origins);
    for (Held shard : held.values()) {
      if (shard.origin.provisional()) {
        shard.decidesFromMs = Math.max(shard.origin.createdMs(), latest);
        shard.refined = true;
      }
    }
  }

  /**
   * Appends the samples. Those of an event that the database remembers too, when it is the same
   * event: it may have outlived its samples in a crash, and appending a sample twice changes
   * nothing.
   */
  private void append(Map<Integer, Long> known) {
    int count = 0;
    for (Held shard : held.values()) {
      for (int i : shard.events) {
        count += events.get(i).series().size();
      }
    }
    SampleBatch.Builder samples = SampleBatch.builder(count);
    for (Held shard : held.values()) {
      for (int i : shard.events) {
        Event event = events.get(i).event();
        Long body = known.get(i);
        if (body == null || (body == event.bodyHash() && event.timed())) {
          List<SeriesKey> series = events.get(i).series();
          for (int m = 0; m < series.size(); m++) {
            samples.add(series.get(m), event.timeMs(), event.value(m), i);
          }
        }
      }
    }
    if (samples.size() > 0) {
      IngestResult result = grid.ingest().append(tenant, samples.build(), ack);
      if (result.rejected() > 0) {
        grid.meters().samplesRefused(result.rejected());
      }
    }
  }

  private void write(Map<Integer, Long> known) {
    GridCalls<WriteOutcome> asked = new GridCalls<>(deadline);
    Map<Integer, int[]> takenOf = new HashMap<>();
    held.forEach((shard, ours) -> {
      int[] taken = Arrays.stream(ours.events).filter(i -> !known.containsKey(i)).toArray();
      takenOf.put(shard, taken);
      ShardWrite write = shardWrite(ours, taken, known);
      asked.add(shard, () -> grid.calls().write(shard, write));
    });
    asked.await((shard, outcome) -> {
      int[] taken = takenOf.get(shard);
      List<Event> batch = new ArrayList<>(taken.length);
      for (int k = 0; k < taken.length; k++) {
        if (outcome.isStored(k)) {
          verdicts[taken[k]] = EventVerdict.STORED;
          batch.add(events.get(taken[k]).event());
        }
      }
      if (!batch.isEmpty() && ack == Ack.DURABLE) {
        written.put(
            grid.calls().batchKey(shard, outcome.epoch(), outcome.number()),
            new EventBatch(tenant, receivedMs, batch));
      }
      for (int i : held.remove(shard).events) {
        if (known.containsKey(i)) {
          verdicts[i] = EventVerdict.DUPLICATE;
        }
      }
    });
  }

  private ShardWrite shardWrite(Held ours, int[] taken, Map<Integer, Long> known) {
    long seed = ours.origin.seed();
    long latest = Long.MIN_VALUE;
    long[] knownIds = new long[ours.events.length - taken.length];
    long[] ids = new long[taken.length];
    int k = 0;
    int t = 0;
    for (int at = 0; at < ours.events.length; at++) {
      int i = ours.events[at];
      latest = Math.max(latest, events.get(i).event().timeMs());
      if (known.containsKey(i)) {
        knownIds[k++] = ours.ids[at];
      } else {
        ids[t++] = ours.ids[at];
      }
    }
    List<Event> batch = Arrays.stream(taken).mapToObj(i -> events.get(i).event()).toList();
    return new ShardWrite(
        seed,
        token,
        random(),
        ids,
        Arrays.stream(taken).mapToLong(i -> events.get(i).event().bodyHash()).toArray(),
        knownIds,
        latest,
        ours.refined ? ours.decidesFromMs : Long.MIN_VALUE,
        new EventBatch(tenant, receivedMs, batch));
  }

  /** Lets others have what this request could not finish; nobody waits for it. */
  private void release() {
    held.forEach((shard, ours) -> {
      var ignored =
          grid.calls()
              .release(shard, new ReleaseProcessor(ours.origin.seed(), token, ours.ids))
              .exceptionally(e -> null);
    });
  }

  private void pause(long ms) {
    if (System.nanoTime() >= deadline) {
      throw TidegridException.retryable(
          ErrorCode.NOT_READY,
          "another request with the same event_id takes too long; send the same again",
          Duration.ofSeconds(1));
    }
    try {
      TimeUnit.MILLISECONDS.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw GridCalls.notReady(e);
    }
  }

  // ---- durable acknowledgements

  private void makeDurable() {
    if (ack != Ack.DURABLE) {
      return;
    }
    EventCommits database = grid.database().orElseThrow();
    if (!written.isEmpty()) {
      database.commit(written);
    }
    List<Event> before = new ArrayList<>();
    for (int i = 0; i < verdicts.length; i++) {
      if (verdicts[i] == EventVerdict.DUPLICATE && firstOf[i] < 0) {
        before.add(events.get(i).event());
      }
    }
    long until = System.nanoTime() + database.commitTimeout().toNanos();
    // What another request put into memory, write-behind commits.
    while (!before.isEmpty()
        && database.archive().known(tenant, before, LOOKUP_TIMEOUT).size() < before.size()) {
      if (System.nanoTime() >= until) {
        throw TidegridException.retryable(
            ErrorCode.STORAGE_AWAY,
            "the database did not commit in time; the events are kept in memory and will be"
                + " stored when it is back",
            Duration.ofSeconds(5));
      }
      pause(DURABLE_PAUSE_MS);
    }
  }
}
