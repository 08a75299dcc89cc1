package io.tidegrid.rollup;

import com.hazelcast.core.HazelcastInstance;
import io.tidegrid.grid.RollupBlock;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import io.tidegrid.rollup.SpanOutcomes.Outcome;
import java.time.Duration;
import java.util.Optional;

/**
 * Reads a span, gathers its figures and hands them over. Never throws: the span that failed is
 * tried again, the others go on. One thread at a time.
 */
final class SpanRoller {

  private final HazelcastInstance member;

  SpanRoller(HazelcastInstance member) {
    this.member = member;
  }

  void roll(DirtySpan span) {
    Optional<RollupPorts> ports = RollupPorts.of(member);
    if (ports.isPresent()) {
      ports.get().outcomes().add(outcome(span, ports.get()));
    }
  }

  private static Outcome outcome(DirtySpan span, RollupPorts ports) {
    try {
      if (!ports.sink().isOpen()) {
        return new SpanOutcomes.Closed(span);
      }
      long before = System.nanoTime();
      return switch (ports.source().read(span)) {
        case WindowSource.Content content -> handOver(span, content, ports, before);
        case WindowSource.NotNow later -> {
          ports.listener().postponed(span, later.reason());
          yield new SpanOutcomes.Postponed(span, later.reason());
        }
        case WindowSource.Gone _ -> {
          ports.source().refuse(span);
          ports.listener().refused(span);
          yield new SpanOutcomes.Done(span, span.sequence(), System.nanoTime() - before);
        }
      };
    } catch (TidegridException e) {
      if (isPassing(e)) {
        ports.listener().postponed(span, e.getMessage());
        return new SpanOutcomes.Postponed(span, e.getMessage());
      }
      return failed(span, ports, e);
    } catch (RuntimeException | OutOfMemoryError e) {
      return failed(span, ports, e);
    }
  }

  private static Outcome handOver(
      DirtySpan span, WindowSource.Content content, RollupPorts ports, long beforeNanos) {
    RollupBlock.Builder figures = new RollupBlock.Builder(content.sequence());
    long[] samples = {0};
    content
        .windows()
        .forEach((series, windows) -> {
          figures.add(series, windows);
          for (int i = 0; i < windows.size(); i++) {
            samples[0] += windows.counts()[i];
          }
        });
    RollupBlock block = figures.build();
    ports.sink().put(span, block);
    long took = System.nanoTime() - beforeNanos;
    ports.listener().rolled(span, block.windows(), samples[0], Duration.ofNanos(took));
    return new SpanOutcomes.Done(span, content.sequence(), took);
  }

  private static Outcome failed(DirtySpan span, RollupPorts ports, Throwable cause) {
    ports.listener().failed(span, cause);
    return new SpanOutcomes.Failed(span, cause);
  }

  /** Tells of errors that are nobody's fault and pass by themselves. */
  private static boolean isPassing(TidegridException e) {
    return e.code() == ErrorCode.STORAGE_AWAY || e.code() == ErrorCode.NOT_READY;
  }
}
