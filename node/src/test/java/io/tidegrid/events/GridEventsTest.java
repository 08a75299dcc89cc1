package io.tidegrid.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.DecodedEvent;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.ingest.IngestResult;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.Labels;
import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import io.tidegrid.model.SeriesKey;
import io.tidegrid.model.TidegridException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On two real members, without a database. */
@Timeout(120)
class GridEventsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long NOW = 1_760_000_000_000L;

  private final String cluster = "events-" + UUID.randomUUID();
  private final List<HazelcastInstance> members = new ArrayList<>();
  private final List<GridEvents> doors = new ArrayList<>();
  private final Samples samples = new Samples();

  /** Counts samples, and fails when told to. */
  private static final class Samples implements Ingest {
    private final LongAdder appended = new LongAdder();
    private final AtomicBoolean failing = new AtomicBoolean();

    @Override
    public IngestResult append(String tenant, SampleBatch batch, Ack ack) {
      if (failing.get()) {
        throw TidegridException.retryable(ErrorCode.BACKLOG_FULL, "not now", Duration.ofSeconds(1));
      }
      appended.add(batch.size());
      return new IngestResult(batch.size(), 0, List.of());
    }

    @Override
    public void describe(String tenant, List<MetricMetadata> metadata) {}

    @Override
    public MetricMetadata description(String tenant, String metric) {
      return new MetricMetadata(metric, "", "", "");
    }
  }

  @BeforeEach
  void start() {
    for (int i = 0; i < 2; i++) {
      Config config = new Config();
      config.setClusterName(cluster);
      config.setProperty("hazelcast.logging.type", "none");
      config.setProperty("hazelcast.phone.home.enabled", "false");
      config.setProperty("hazelcast.partition.count", "8");
      config.setProperty("hazelcast.shutdownhook.enabled", "false");
      config.setProperty("hazelcast.wait.seconds.before.join", "0");
      config.setProperty("hazelcast.operation.fail.on.indeterminate.state", "true");
      config.getJetConfig().setEnabled(true);
      config
          .getSerializationConfig()
          .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers());
      config.getNetworkConfig().setPort(0);
      config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
      config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
      config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
      config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
      members.forEach(member ->
          config
              .getNetworkConfig()
              .getJoin()
              .getTcpIpConfig()
              .addMember(
                  "127.0.0.1:" + member.getCluster().getLocalMember().getAddress().getPort()));
      GridEvents.configure(config, 1, Optional.empty());
      HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
      members.add(member);
      EventOptions options =
          new EventOptions(
              Duration.ofHours(1), 1 << 20, Duration.ofMinutes(10), Duration.ofHours(1), 1 << 20);
      doors.add(
          new GridEvents(
              member,
              samples,
              options,
              Optional.empty(),
              Clock.systemUTC(),
              new SimpleMeterRegistry()));
    }
    assertThat(members.getFirst().getCluster().getMembers()).hasSize(2);
  }

  @AfterEach
  void stop() {
    doors.forEach(GridEvents::close);
    members.forEach(member -> member.getLifecycleService().terminate());
  }

  private static DecodedEvent event(int device, String id) {
    String name = "device-" + device;
    Event event =
        new Event(
            id, name, NOW + device, true, 7, List.of("temp"), new double[] {21.5}, List.of("a"));
    Labels labels = Labels.of(Map.of("__name__", "temp", "device_id", name));
    return new DecodedEvent(0, event, List.of(SeriesKey.of("t", labels)));
  }

  private static List<DecodedEvent> batch(int devices, String id) {
    List<DecodedEvent> events = new ArrayList<>();
    for (int device = 0; device < devices; device++) {
      events.add(event(device, id));
    }
    return events;
  }

  @Test
  void eachIdIsStoredOnceHoweverManySendItAtOnce() throws Exception {
    int senders = 8;
    List<DecodedEvent> same = batch(100, "one");
    try (ExecutorService pool = Executors.newFixedThreadPool(senders)) {
      List<Callable<List<EventVerdict>>> sends = new ArrayList<>();
      for (int i = 0; i < senders; i++) {
        GridEvents door = doors.get(i % 2);
        sends.add(() -> door.store("t", same, Ack.REPLICATED));
      }
      int[] stored = new int[same.size()];
      for (Future<List<EventVerdict>> answer : pool.invokeAll(sends)) {
        for (int i = 0; i < stored.length; i++) {
          stored[i] += answer.get().get(i) == EventVerdict.STORED ? 1 : 0;
        }
      }
      assertThat(stored).containsOnly(1);
    }
  }

  @Test
  void ofAnIdTwiceInABatchTheFirstIsStored() {
    List<DecodedEvent> twice = List.of(event(1, "a"), event(1, "a"), event(2, "a"));
    assertThat(doors.getFirst().store("t", twice, Ack.REPLICATED))
        .containsExactly(EventVerdict.STORED, EventVerdict.DUPLICATE, EventVerdict.STORED);
    assertThat(doors.getLast().store("other", twice.subList(0, 1), Ack.REPLICATED))
        .containsExactly(EventVerdict.STORED);
  }

  @Test
  void aFailureBeforeTheSamplesAreInLeavesNoDuplicate() {
    List<DecodedEvent> one = List.of(event(1, "a"));
    samples.failing.set(true);
    assertThatThrownBy(() -> doors.getFirst().store("t", one, Ack.REPLICATED))
        .isInstanceOf(TidegridException.class);
    samples.failing.set(false);
    assertThat(doors.getLast().store("t", one, Ack.REPLICATED))
        .containsExactly(EventVerdict.STORED);
    assertThat(samples.appended.sum()).isOne();
  }

  @Test
  void idsAndEventsSurviveTheLossOfAMember() {
    List<DecodedEvent> before = batch(100, "before");
    assertThat(doors.getLast().store("t", before, Ack.REPLICATED))
        .containsOnly(EventVerdict.STORED);
    members.getLast().getLifecycleService().terminate();
    assertThat(doors.getFirst().store("t", before, Ack.REPLICATED))
        .containsOnly(EventVerdict.DUPLICATE);
    assertThat(doors.getFirst().store("t", batch(100, "after"), Ack.REPLICATED))
        .containsOnly(EventVerdict.STORED);
    List<Event> tagged = doors.getFirst().tagged("t", "a", 0, Long.MAX_VALUE, 1_000, PATIENCE);
    assertThat(tagged).hasSize(200);
    assertThat(tagged).isSortedAccordingTo(NewestEvents.ORDER);
    assertThat(doors.getFirst().ofDevice("t", "device-7", 0, Long.MAX_VALUE, 10, PATIENCE))
        .extracting(Event::id)
        .containsExactly("after", "before");
    assertThat(doors.getFirst().ofDevice("t", "device-7", 0, Long.MAX_VALUE, 1, PATIENCE))
        .hasSize(1);
    assertThat(doors.getFirst().ofDevice("x", "device-7", 0, Long.MAX_VALUE, 1, PATIENCE))
        .isEmpty();
  }
}
