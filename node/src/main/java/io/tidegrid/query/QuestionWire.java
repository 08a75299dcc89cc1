package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Matcher;
import io.tidegrid.tier.Tier;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The form in which questions travel between members: a kind, then the fields in order. */
final class QuestionWire {

  private static final int SAMPLES = 1;
  private static final int AGGREGATE = 2;
  private static final int LATEST = 3;
  private static final int EXISTS = 4;
  private static final int METRICS = 5;
  private static final int METRIC = 6;
  private static final int LABEL_VALUES = 7;
  private static final int ROLLUPS = 8;

  private QuestionWire() {}

  static void write(ShardQuestion<?> question, ObjectDataOutput out) throws IOException {
    switch (question) {
      case SamplesQuestion q -> {
        writeHead(out, SAMPLES, q.tenant(), q.matchers());
        writeRange(out, q.range());
        out.writeBoolean(q.staleMarkers());
      }
      case AggregateQuestion(AggregateQuery q) -> {
        writeHead(out, AGGREGATE, q.tenant(), q.matchers());
        writeRange(out, q.range());
        out.writeString(q.function().name());
        out.writeLong(q.intervalMs());
        out.writeStringArray(q.groupBy().toArray(String[]::new));
      }
      case LatestQuestion q -> {
        writeHead(out, LATEST, q.tenant(), q.matchers());
        out.writeLong(q.toMs());
      }
      case ExistsQuestion q -> writeHead(out, EXISTS, q.tenant(), q.matchers());
      case MetricsQuestion q -> {
        writeHead(out, METRICS, q.tenant(), List.of());
        out.writeString(q.search());
      }
      case MetricQuestion q -> {
        writeHead(out, METRIC, q.tenant(), List.of());
        out.writeString(q.metric());
      }
      case LabelValuesQuestion q -> {
        writeHead(out, LABEL_VALUES, q.tenant(), q.matchers());
        out.writeString(q.label());
      }
      case RollupQuestion(RollupQuery q, Optional<Tier> tier, boolean onlyOne, boolean memory) -> {
        writeHead(out, ROLLUPS, q.tenant(), q.matchers());
        writeRange(out, q.range());
        out.writeLong(q.windowMs());
        out.writeBoolean(q.grouping().eachSeries());
        out.writeStringArray(q.grouping().labels().toArray(String[]::new));
        out.writeBoolean(q.quantiles());
        out.writeString(tier.map(Tier::text).orElse(""));
        out.writeBoolean(onlyOne);
        out.writeBoolean(memory);
      }
    }
  }

  static ShardQuestion<?> read(ObjectDataInput in) throws IOException {
    int kind = in.readByte();
    String tenant = in.readString();
    List<Matcher> matchers = readMatchers(in);
    return switch (kind) {
      case SAMPLES -> new SamplesQuestion(tenant, matchers, readRange(in), in.readBoolean());
      case AGGREGATE ->
          new AggregateQuestion(
              new AggregateQuery(
                  tenant,
                  matchers,
                  readRange(in),
                  Function.valueOf(in.readString()),
                  in.readLong(),
                  List.of(in.readStringArray())));
      case LATEST -> new LatestQuestion(tenant, matchers, in.readLong());
      case EXISTS -> new ExistsQuestion(tenant, matchers);
      case METRICS -> new MetricsQuestion(tenant, in.readString());
      case METRIC -> new MetricQuestion(tenant, in.readString());
      case LABEL_VALUES -> new LabelValuesQuestion(tenant, in.readString(), matchers);
      case ROLLUPS ->
          new RollupQuestion(
              new RollupQuery(
                  tenant,
                  matchers,
                  readRange(in),
                  in.readLong(),
                  new Grouping(in.readBoolean(), List.of(in.readStringArray())),
                  in.readBoolean()),
              Tier.of(in.readString()),
              in.readBoolean(),
              in.readBoolean());
      default -> throw new IOException("no question has the kind " + kind);
    };
  }

  private static void writeHead(
      ObjectDataOutput out, int kind, String tenant, List<Matcher> matchers) throws IOException {
    out.writeByte(kind);
    out.writeString(tenant);
    out.writeInt(matchers.size());
    for (Matcher matcher : matchers) {
      out.writeString(matcher.type().name());
      out.writeString(matcher.name());
      out.writeString(matcher.value());
    }
  }

  private static List<Matcher> readMatchers(ObjectDataInput in) throws IOException {
    int count = in.readInt();
    List<Matcher> matchers = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Matcher.Type type = Matcher.Type.valueOf(in.readString());
      matchers.add(Matcher.of(type, in.readString(), in.readString()));
    }
    return List.copyOf(matchers);
  }

  private static void writeRange(ObjectDataOutput out, TimeRange range) throws IOException {
    out.writeLong(range.fromMs());
    out.writeLong(range.toMs());
  }

  private static TimeRange readRange(ObjectDataInput in) throws IOException {
    return new TimeRange(in.readLong(), in.readLong());
  }
}
