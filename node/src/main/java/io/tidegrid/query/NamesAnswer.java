package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Distinct values of a label. */
final class NamesAnswer implements Answer<NamesAnswer> {

  private final Set<String> names = new HashSet<>();

  void add(String name) {
    names.add(name);
  }

  List<String> sorted() {
    List<String> sorted = new ArrayList<>(names);
    sorted.sort(null);
    return List.copyOf(sorted);
  }

  @Override
  public void merge(NamesAnswer other) {
    names.addAll(other.names);
  }

  @Override
  public void write(ObjectDataOutput out) throws IOException {
    out.writeStringArray(names.toArray(String[]::new));
  }

  static NamesAnswer read(ObjectDataInput in) throws IOException {
    NamesAnswer answer = new NamesAnswer();
    answer.names.addAll(List.of(in.readStringArray()));
    return answer;
  }
}
