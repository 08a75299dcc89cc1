package io.tidegrid.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The index finds what comparing every filter with every series finds. */
class FilterIndexTest {

  private static final String[] NAMES = {Labels.METRIC_NAME, "host", "region"};

  private final Random random = new Random(7);

  @Test
  void findsWhatComparingAllWithAllFinds() {
    for (int round = 0; round < 50; round++) {
      Map<Target, Map<Integer, LiveFilter>> members = members();
      FilterIndex index = new FilterIndex();
      members.forEach((target, filters) ->
          filters.forEach((number, filter) -> index.add(target, number, filter)));
      for (int i = 0; i < 50; i++) {
        String tenant = "t" + random.nextInt(2);
        Labels labels = labels();
        Map<Target, Set<Integer>> wanted = new HashMap<>();
        members.forEach((target, filters) ->
            filters.forEach((number, filter) -> {
              if (filter.tenant().equals(tenant) && meets(filter, labels)) {
                wanted.computeIfAbsent(target, t -> new TreeSet<>()).add(number);
              }
            }));
        Map<Target, Set<Integer>> found = new HashMap<>();
        for (FilterIndex.Route route : index.routes(tenant, labels)) {
          Set<Integer> numbers = new TreeSet<>();
          for (int number : route.match().filters()) {
            assertThat(numbers.add(number)).isTrue();
          }
          assertThat(found.put(route.target(), numbers)).isNull();
        }
        assertThat(found).isEqualTo(wanted);
      }
    }
  }

  private static boolean meets(LiveFilter filter, Labels labels) {
    return filter.matchers().stream().allMatch(m -> m.matches(labels.get(m.name())));
  }

  private Map<Target, Map<Integer, LiveFilter>> members() {
    Map<Target, Map<Integer, LiveFilter>> members = new HashMap<>();
    for (int member = 0; member < 3; member++) {
      Map<Integer, LiveFilter> filters = new HashMap<>();
      for (int number = 0; number < random.nextInt(20); number++) {
        filters.put(number, new LiveFilter("t" + random.nextInt(2), matchers()));
      }
      members.put(new Target(new BatchQueue(10)), filters);
    }
    return members;
  }

  private List<Matcher> matchers() {
    List<Matcher> matchers = new ArrayList<>();
    for (String name : NAMES) {
      Matcher.Type[] types = Matcher.Type.values();
      if (random.nextBoolean()) {
        matchers.add(Matcher.of(types[random.nextInt(types.length)], name, value(name)));
      }
    }
    return matchers;
  }

  private Labels labels() {
    Map<String, String> labels = new HashMap<>();
    for (String name : NAMES) {
      String value = value(name);
      if (!value.isEmpty()) {
        labels.put(name, value);
      }
    }
    return Labels.of(labels);
  }

  /** Now and then there is none. */
  private String value(String name) {
    int number = random.nextInt(4);
    return number == 0 ? "" : name.substring(0, 1) + number;
  }
}
