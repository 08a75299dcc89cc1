package io.tidegrid.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidegrid.model.Labels;
import io.tidegrid.model.Matcher;
import io.tidegrid.model.SeriesKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SeriesDirectoryTest {

  @Test
  void selectsLikeAScan() {
    Random random = new Random(7);
    SeriesDirectory directory = new SeriesDirectory();
    List<Labels> all = new ArrayList<>();
    for (int i = 0; i < 800; i++) {
      Labels.Builder builder = Labels.builder().set("__name__", "m" + random.nextInt(5));
      for (String name : List.of("host", "dc", "rack")) {
        if (random.nextInt(4) > 0) {
          builder.set(name, name.charAt(0) + "" + random.nextInt(12));
        }
      }
      Labels labels = builder.set("n", Integer.toString(i)).build();
      SeriesKey key = SeriesKey.of("a", labels);
      assertThat(directory.enter(key.id(), "a", labels)).isEqualTo(i);
      all.add(labels);
    }
    List<Matcher.Type> types = List.of(Matcher.Type.values());
    List<String> values =
        List.of("", "h1", "h11", "d3", ".*", ".+", "h1|h2", "[hd][0-5]", "r.?", "none", "|h3");
    for (int i = 0; i < 2_000; i++) {
      List<Matcher> matchers = new ArrayList<>();
      for (int j = 0; j < random.nextInt(4); j++) {
        matchers.add(
            Matcher.of(
                types.get(random.nextInt(4)),
                List.of("host", "dc", "rack", "gone").get(random.nextInt(4)),
                values.get(random.nextInt(values.size()))));
      }
      int[] expected =
          IntStream.range(0, all.size())
              .filter(ref ->
                  matchers.stream()
                      .allMatch(matcher -> matcher.matches(all.get(ref).get(matcher.name()))))
              .toArray();
      assertThat(directory.select("a", matchers)).as(matchers.toString()).isEqualTo(expected);
    }
    assertThat(directory.select("b", List.of())).isEmpty();
  }

  @Test
  void seriesWithTheSameHashGetIdsOfTheirOwn() {
    SeriesDirectory directory = new SeriesDirectory();
    Labels one = Labels.of("__name__", "one");
    Labels two = Labels.of("__name__", "two");
    int first = directory.enter(42, "a", one);
    int second = directory.enter(42, "a", two);
    int otherTenant = directory.enter(42, "b", one);
    assertThat(directory.entry(first).id()).isEqualTo(42);
    assertThat(directory.entry(second).id()).isEqualTo(43);
    assertThat(directory.entry(otherTenant).id()).isEqualTo(44);
    assertThat(directory.enter(42, "a", two)).isEqualTo(second);
    assertThat(directory.enter(43, "a", two)).isEqualTo(second);
    assertThat(directory.enter(-1, "a", Labels.of("x", "1")))
        .isNotEqualTo(directory.enter(-1, "a", Labels.of("x", "2")));
  }
}
