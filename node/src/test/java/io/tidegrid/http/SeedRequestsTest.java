package io.tidegrid.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SeedRequestsTest {

  @Test
  void everyPastedRequestIsAnsweredAsItsManualSays() {
    try (TestNode node = new TestNode()) {
      for (SeedRequests.Seed seed : SeedRequests.all()) {
        var answer = node.send(seed.to(node.base()));
        assertThat(answer.statusCode()).as("%s: %s", seed, answer.body()).isEqualTo(seed.status());
        String body = answer.body().replaceAll("\\s", "");
        for (String text : seed.contains()) {
          assertThat(body).as("%s", seed).contains(text.replaceAll("\\s", ""));
        }
      }
    }
  }
}
