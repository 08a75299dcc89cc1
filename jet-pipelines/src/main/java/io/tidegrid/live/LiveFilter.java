package io.tidegrid.live;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Which samples somebody wants to see: those of a tenant's series that meet all matchers.
 * Immutable.
 *
 * @param tenant the tenant
 * @param matchers conditions on labels, the metric name among them; empty for all series
 */
public record LiveFilter(String tenant, List<Matcher> matchers) {

  /** Copies the list. */
  public LiveFilter {
    matchers = List.copyOf(matchers);
  }

  /** Tells whether a series of the tenant meets all matchers. */
  boolean matches(Labels labels) {
    for (Matcher matcher : matchers) {
      if (!meets(matcher, labels)) {
        return false;
      }
    }
    return true;
  }

  private static boolean meets(Matcher matcher, Labels labels) {
    try {
      return matcher.matches(labels.get(matcher.name()));
    } catch (TidegridException e) {
      // A pattern too deep for the stack of the thread matches nothing.
      return false;
    }
  }

  /** Returns the value that a label must have; empty when any other may do. */
  String requiredValue(String label) {
    for (Matcher matcher : matchers) {
      if (matcher.type() == Matcher.Type.EQUAL && matcher.name().equals(label)) {
        return matcher.value();
      }
    }
    return "";
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
    out.writeInt(matchers.size());
    for (Matcher matcher : matchers) {
      out.writeString(matcher.type().operator());
      out.writeString(matcher.name());
      out.writeString(matcher.value());
    }
  }

  static LiveFilter read(ObjectDataInput in) throws IOException {
    String tenant = in.readString();
    int count = in.readInt();
    List<Matcher> matchers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      matchers.add(Matcher.of(type(in.readString()), in.readString(), in.readString()));
    }
    return new LiveFilter(tenant, matchers);
  }

  private static Matcher.Type type(String operator) throws IOException {
    for (Matcher.Type type : Matcher.Type.values()) {
      if (type.operator().equals(operator)) {
        return type;
      }
    }
    throw new IOException("no matcher has the operator " + operator);
  }
}
