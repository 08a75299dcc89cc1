package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StorageRetryTest {

  private static final Duration PATIENCE_WITH_ONE = Duration.ofMillis(300);
  private static final long NO_DEADLINE = Long.MAX_VALUE;

  private final AtomicInteger forgotten = new AtomicInteger();
  private Database database;
  private StorageRetry retry;

  @BeforeEach
  void open() throws InterruptedException {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    String url = TestServer.newDatabase();
    database = new Database(PersistOptions.remote(url, Path.of("target")), meters);
    database.start();
    retry = new StorageRetry(database, forgotten::incrementAndGet, PATIENCE_WITH_ONE, meters);
    assertThat(database.awaitConnected(Duration.ofSeconds(20))).isTrue();
  }

  @AfterEach
  void close() {
    retry.close();
    database.close();
  }

  private static JournalStore.Work failing(int times, String state) {
    AtomicInteger left = new AtomicInteger(times);
    return connection -> {
      if (left.getAndDecrement() > 0) {
        throw new SQLException("made up", state);
      }
    };
  }

  @Test
  void whatPassesIsTriedUntilItHas() {
    for (String state : new String[] {"40001", "40P01", "53100", "53300", "55P03", "25006"}) {
      assertThat(retry.run(failing(2, state), true, NO_DEADLINE))
          .isEqualTo(new StorageRetry.Outcome.Done());
    }
    assertThat(forgotten).hasValue(0);
  }

  @Test
  void whatTheContentIsAtFaultForIsRefusedAtOnce() {
    assertThat(retry.run(failing(1, "22003"), true, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.Refused("22003", "made up"));
  }

  @Test
  void whatTakesTooLongOrTooMuchIsTriedInParts() {
    assertThat(retry.run(failing(9, "57014"), true, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.TryLess());
    assertThat(retry.run(failing(2, "57014"), false, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.Done());
  }

  @Test
  void anUnknownFaultIsForgottenForThenDividedThenBlamedOnTheOneThatHasItAlone() {
    assertThat(retry.run(failing(1, "XX000"), true, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.Done());
    assertThat(forgotten).hasValue(1);
    assertThat(retry.run(failing(9, "XX000"), true, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.TryLess());

    CompletableFuture<StorageRetry.Outcome> alone =
        CompletableFuture.supplyAsync(
            () -> retry.run(failing(Integer.MAX_VALUE, "XX000"), false, NO_DEADLINE));
    // As long as nothing else comes through, the database may be at fault.
    Awaitility.await()
        .during(PATIENCE_WITH_ONE.multipliedBy(3))
        .atMost(PATIENCE_WITH_ONE.multipliedBy(10))
        .until(() -> !alone.isDone());
    assertThat(retry.run(failing(0, ""), false, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.Done());
    Awaitility.await().until(alone::isDone);
    assertThat(alone.join()).isEqualTo(new StorageRetry.Outcome.Refused("XX000", "made up"));
  }

  @Test
  void aFaultThatLastsIsTold() {
    CompletableFuture<StorageRetry.Outcome> waiting =
        CompletableFuture.supplyAsync(
            () -> retry.run(failing(Integer.MAX_VALUE, "53100"), false, NO_DEADLINE));
    Awaitility.await().until(() -> !database.health().isWritable());
    assertThat(database.health().fault().orElseThrow().cause()).isEqualTo(StorageHealth.Cause.DISK);
    assertThat(database.isConnected()).isTrue();
    assertThat(database.problem()).contains("made up").contains("free space");
    assertThat(retry.run(failing(0, ""), false, NO_DEADLINE))
        .isEqualTo(new StorageRetry.Outcome.Done());
    assertThat(database.health().isWritable()).isTrue();
    retry.close();
    assertThatThrownBy(waiting::join).hasCauseInstanceOf(TidegridException.class);
  }

  @Test
  void timeIsKept() {
    long deadline = System.nanoTime() + Duration.ofMillis(250).toNanos();
    assertThatThrownBy(() -> retry.run(failing(Integer.MAX_VALUE, "53100"), false, deadline))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORAGE_AWAY));
  }
}
