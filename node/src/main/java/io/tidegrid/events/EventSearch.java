package io.tidegrid.events;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.IExecutorService;
import com.hazelcast.partition.Partition;
import io.tidegrid.grid.GridNames;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.TidegridException;
import io.tidegrid.persist.LocalEvents;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the owners of shards for events in their memory. Safe for use by many threads. */
final class EventSearch {

  private static final long PAUSE_MS = 50;

  private final HazelcastInstance hazelcast;
  private final LocalEvents events;
  private final IExecutorService executor;
  private final Partition[] partitions;

  EventSearch(HazelcastInstance hazelcast, LocalEvents events, int[] partitionKeys) {
    this.hazelcast = hazelcast;
    this.events = events;
    this.executor = hazelcast.getExecutorService(GridNames.EVENT_EXECUTOR);
    this.partitions = new Partition[partitionKeys.length];
    for (int shard = 0; shard < partitions.length; shard++) {
      partitions[shard] = hazelcast.getPartitionService().getPartition(partitionKeys[shard]);
    }
  }

  /**
   * Returns the newest that all of the shards have together.
   *
   * @throws TidegridException {@code NOT_READY} when an owner cannot be asked in time
   */
  List<Event> find(SearchTask task, int[] shards, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    NewestEvents newest = new NewestEvents(task.limit());
    List<Integer> left = new ArrayList<>();
    for (int shard : shards) {
      left.add(shard);
    }
    while (true) {
      left = ask(task, left, newest, deadline);
      if (left.isEmpty()) {
        return newest.list();
      }
      pause(deadline);
    }
  }

  /** Asks the present owners; returns the shards for which nobody answered. */
  private List<Integer> ask(
      SearchTask task, List<Integer> shards, NewestEvents newest, long deadline) {
    Map<Member, List<Integer>> byOwner = new HashMap<>();
    List<Integer> missed = new ArrayList<>();
    for (int shard : shards) {
      Member owner = partitions[shard].getOwner();
      if (owner == null) {
        missed.add(shard);
      } else {
        byOwner.computeIfAbsent(owner, any -> new ArrayList<>()).add(shard);
      }
    }
    Map<Member, Future<FoundEvents>> asked = new HashMap<>();
    byOwner.forEach((owner, some) -> {
      if (!owner.localMember()) {
        try {
          asked.put(owner, executor.submitToMember(task.in(array(some)), owner));
        } catch (RuntimeException e) {
          missed.addAll(some);
        }
      }
    });
    byOwner.forEach((owner, some) -> {
      if (owner.localMember()) {
        take(task.in(array(some)).call(events), newest, missed);
      } else if (asked.containsKey(owner)) {
        try {
          long left = Math.max(0, deadline - System.nanoTime());
          take(asked.get(owner).get(left, TimeUnit.NANOSECONDS), newest, missed);
        } catch (ExecutionException | TimeoutException e) {
          missed.addAll(some);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw notReady(e);
        }
      }
    });
    return missed;
  }

  private static void take(FoundEvents found, NewestEvents newest, List<Integer> missed) {
    found.events().forEach(newest::add);
    for (int shard : found.missed()) {
      missed.add(shard);
    }
  }

  private static int[] array(List<Integer> shards) {
    return shards.stream().mapToInt(Integer::intValue).toArray();
  }

  private void pause(long deadline) {
    if (System.nanoTime() >= deadline || !hazelcast.getLifecycleService().isRunning()) {
      throw notReady(new HazelcastInstanceNotActiveException());
    }
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notReady(e);
    }
  }

  private static TidegridException notReady(Exception cause) {
    return new TidegridException(
        ErrorCode.NOT_READY,
        "a member that holds events did not answer in time; ask again",
        List.of(),
        Duration.ofSeconds(1),
        cause);
  }
}
