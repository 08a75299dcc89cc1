package io.tidegrid.alerting;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import io.micrometer.core.instrument.MeterRegistry;
import io.tidegrid.grid.AlertKey;
import io.tidegrid.grid.Delivered;
import io.tidegrid.grid.StateEntry;
import io.tidegrid.model.AlertPhase;
import io.tidegrid.model.AlertState;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** The receivers outside: what they are to know, and what they do know. */
final class Notifiers implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(Notifiers.class.getName());

  /** So many times the interval of repeats an Alertmanager believes what fires. */
  private static final int VALID_FOR = 4;

  private static final Duration SHORTEST_VALID = Duration.ofMinutes(1);

  private final HazelcastInstance hazelcast;
  private final IMap<AlertKey, StateEntry> states;
  private final GridSilences silences;
  private final InstantSource clock;
  private final Optional<NotifyChannel> webhook;
  private final Optional<NotifyChannel> alertmanager;

  Notifiers(
      HazelcastInstance hazelcast,
      IMap<AlertKey, StateEntry> states,
      GridSilences silences,
      AlertCenterOptions options,
      MeterRegistry meters,
      InstantSource clock) {
    this.hazelcast = hazelcast;
    this.states = states;
    this.silences = silences;
    this.clock = clock;
    this.webhook =
        options
            .webhook()
            .map(uri ->
                new NotifyChannel(
                    "webhook",
                    new NotifySender(uri, options.notifyTimeout()),
                    new NotifyChannel.Habits(
                        item -> item.key().tenant() + "/" + item.key().ruleId(),
                        false,
                        NotifyFormat::webhook,
                        new WebhookNotes()),
                    meters));
    Duration validFor = options.resendInterval().multipliedBy(VALID_FOR);
    Duration valid = validFor.compareTo(SHORTEST_VALID) > 0 ? validFor : SHORTEST_VALID;
    this.alertmanager =
        options
            .alertmanager()
            .map(uri ->
                new NotifyChannel(
                    "alertmanager",
                    new NotifySender(endpoint(uri), options.notifyTimeout()),
                    new NotifyChannel.Habits(
                        item -> "",
                        true,
                        items -> NotifyFormat.alertmanager(items, clock.instant(), valid),
                        new AlertmanagerNotes()),
                    meters));
  }

  private static URI endpoint(URI base) {
    String text = base.toString();
    return URI.create((text.endsWith("/") ? text : text + "/") + "api/v2/alerts");
  }

  boolean isEmpty() {
    return webhook.isEmpty() && alertmanager.isEmpty();
  }

  /** Tells receivers of changes, without waiting for it. */
  void tell(List<GridLedger.Known> changes) {
    if (changes.isEmpty() || isEmpty()) {
      return;
    }
    List<NotifyItem> toWebhook = new ArrayList<>();
    List<NotifyItem> toAlertmanager = new ArrayList<>();
    for (GridLedger.Known known : changes) {
      NotifyItem item = new NotifyItem(known.key(), known.entry().state(), known.alert());
      if (!known.entry().webhook().covers(item.state())) {
        toWebhook.add(item);
      }
      if (!known.entry().alertmanager().covers(item.state())) {
        toAlertmanager.add(item);
      }
    }
    webhook.ifPresent(channel -> channel.offer(toWebhook));
    alertmanager.ifPresent(channel -> channel.offer(toAlertmanager));
  }

  /** Tells the Alertmanager again of what fires. */
  void repeat(List<GridLedger.Known> firing) {
    alertmanager.ifPresent(channel ->
        channel.offer(
            firing.stream()
                .map(known -> new NotifyItem(known.key(), known.entry().state(), known.alert()))
                .toList()));
  }

  boolean repeats() {
    return alertmanager.isPresent();
  }

  /** Tells whether a receiver shall know of how an alert stands, and does not yet. */
  boolean isAwaited(StateEntry entry) {
    return (webhook.isPresent() && !entry.webhook().covers(entry.state()))
        || (alertmanager.isPresent() && !entry.alertmanager().covers(entry.state()));
  }

  private abstract class BaseNotes implements NotifyChannel.Notes {

    abstract StateChange delivered(AlertState state, Delivered told, long nowMs);

    abstract Delivered known(StateEntry entry);

    @Override
    public boolean isOurs(NotifyItem item) {
      return hazelcast.getLifecycleService().isRunning()
          && hazelcast
              .getCluster()
              .getLocalMember()
              .equals(hazelcast.getPartitionService().getPartition(item.key()).getOwner());
    }

    @Override
    public boolean isSilenced(NotifyItem item) {
      return silences.isSilenced(item.alert().tenant(), item.alert().labels());
    }

    @Override
    public void told(List<NotifyItem> items) {
      List<CompletionStage<StateEntry>> under = new ArrayList<>();
      for (NotifyItem item : items) {
        under.add(
            states.submitToKey(item.key(), delivered(item.state(), item.told(), clock.millis())));
      }
      try {
        var _ = Waiting.all(under);
      } catch (IllegalStateException e) {
        LOG.log(System.Logger.Level.DEBUG, "a receiver may be told twice", e);
      }
    }

    /** Of one that came and went in silence, nobody is told afterwards. */
    @Override
    public void withheld(NotifyItem item) {
      if (item.state().phase() != AlertPhase.RESOLVED) {
        return;
      }
      StateEntry entry = states.get(item.key());
      if (entry != null && known(entry).sinceMs() != item.state().pendingSinceMs()) {
        told(List.of(item));
      }
    }
  }

  private final class WebhookNotes extends BaseNotes {
    @Override
    StateChange delivered(AlertState state, Delivered told, long nowMs) {
      return StateChange.deliveredToWebhook(state, told, nowMs);
    }

    @Override
    Delivered known(StateEntry entry) {
      return entry.webhook();
    }
  }

  private final class AlertmanagerNotes extends BaseNotes {
    @Override
    StateChange delivered(AlertState state, Delivered told, long nowMs) {
      return StateChange.deliveredToAlertmanager(state, told, nowMs);
    }

    @Override
    Delivered known(StateEntry entry) {
      return entry.alertmanager();
    }
  }

  @Override
  public void close() {
    webhook.ifPresent(NotifyChannel::close);
    alertmanager.ifPresent(NotifyChannel::close);
  }
}
