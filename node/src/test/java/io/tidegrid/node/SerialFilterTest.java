package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import com.hazelcast.spi.exception.PartitionMigratingException;
import com.hazelcast.spi.exception.TargetNotMemberException;
import io.helidon.common.SerializationConfig;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** What members may tell each other as Java objects once the HTTP server has set its filter. */
class SerialFilterTest {

  private final InternalSerializationService serialization =
      new DefaultSerializationServiceBuilder().build();

  @Test
  void errorsOfOtherMembersArrive() {
    SerializationConfig.configureRuntime();
    for (Throwable error :
        List.of(
            new PartitionMigratingException("moving"),
            new TargetNotMemberException("gone"),
            new CompletionException(new IOException("broken", new IllegalStateException())),
            TidegridException.retryable(ErrorCode.NOT_READY, "later", Duration.ofSeconds(1)))) {
      Throwable arrived = serialization.toObject(serialization.toData(error));
      assertThat(arrived).isInstanceOf(error.getClass()).hasMessage(error.getMessage());
    }
  }

  @Test
  void anythingElseDoesNot() {
    SerializationConfig.configureRuntime();
    Serializable foreign = new org.awaitility.core.ConditionTimeoutException("foreign");
    var data = serialization.toData(foreign);
    assertThatThrownBy(() -> serialization.toObject(data))
        .isInstanceOf(HazelcastSerializationException.class);
  }
}
