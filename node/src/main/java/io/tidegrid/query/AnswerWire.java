package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/** The form in which answers travel between members: a kind, then what each kind writes. */
final class AnswerWire {

  private static final int SERIES = 1;
  private static final int WINDOWS = 2;
  private static final int EXISTS = 3;
  private static final int METRICS = 4;
  private static final int METRIC = 5;
  private static final int NAMES = 6;
  private static final int ROLLUPS = 7;

  private AnswerWire() {}

  static void write(Answer<?> answer, ObjectDataOutput out) throws IOException {
    out.writeByte(
        switch (answer) {
          case SeriesAnswer ignored -> SERIES;
          case GroupedWindows ignored -> WINDOWS;
          case ExistsAnswer ignored -> EXISTS;
          case MetricsAnswer ignored -> METRICS;
          case MetricAnswer ignored -> METRIC;
          case NamesAnswer ignored -> NAMES;
          case RollupAnswer ignored -> ROLLUPS;
        });
    answer.write(out);
  }

  static Answer<?> read(ObjectDataInput in) throws IOException {
    int kind = in.readByte();
    return switch (kind) {
      case SERIES -> SeriesAnswer.read(in);
      case WINDOWS -> GroupedWindows.read(in);
      case EXISTS -> new ExistsAnswer(in.readBoolean());
      case METRICS -> MetricsAnswer.read(in);
      case METRIC -> MetricAnswer.read(in);
      case NAMES -> NamesAnswer.read(in);
      case ROLLUPS -> RollupAnswer.read(in);
      default -> throw new IOException("no answer has the kind " + kind);
    };
  }
}
