package io.tidegrid.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Durations, sizes and database addresses as people write them. */
class UnitsTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "500ms, 500",
    "90s, 90000",
    "5m, 300000",
    "1h30m, 5400000",
    "7d, 604800000",
    "2w, 1209600000",
    "1y, 31536000000",
    "1d2h3m4s5ms, 93784005"
  })
  void durations(String text, long millis) {
    assertThat(Durations.parse(text)).isEqualTo(Duration.ofMillis(millis));
    assertThat(Durations.parse(Durations.format(Duration.ofMillis(millis))))
        .isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "5", "5x", "m", "-5m", "1.5h", "5m1h", "1h 5m", "999999999999y"})
  void notDurations(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "512B, 512",
    "4KiB, 4096",
    "4KB, 4000",
    "32MiB, 33554432",
    "1.5GB, 1500000000",
    "1 gib, 1073741824",
    "2TiB, 2199023255552"
  })
  void sizes(String text, long bytes) {
    assertThat(Sizes.parse(text)).isEqualTo(bytes);
    assertThat(Sizes.parse(Sizes.format(bytes))).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "512", "MB", "-1MB", "1.5B", "1PB", "999999999999999999TiB"})
  void notSizes(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Sizes.parse(text));
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "jdbc:postgresql://h:1/d, jdbc:postgresql://h:1/d, -, -",
        "jdbc:postgresql://h/d?user=u&password=p+w&ssl=true,"
            + " jdbc:postgresql://h/d?ssl=true, u, p+w",
        "postgres://u@h/d, jdbc:postgresql://h/d, u, -",
        "postgresql://u:a%3Ab%2F@h1:1,jdbc:postgresql://h1:1/, u, a:b/",
        "postgresql://[::1]:5432/d, jdbc:postgresql://[::1]:5432/d, -, -",
        "postgresql:///d, jdbc:postgresql://localhost/d, -, -",
        "postgresql://h/d?application_name=a b, jdbc:postgresql://h/d?ApplicationName=a+b, -, -",
        "postgresql://h/d?ssl=true, jdbc:postgresql://h/d?sslmode=require, -, -"
      })
  void databaseAddresses(String text, String jdbcUrl, String user, String password) {
    DatabaseUrl url = DatabaseUrl.parse(text);

    assertThat(url.jdbcUrl()).isEqualTo(jdbcUrl);
    assertThat(url.user().orElse(null)).isEqualTo(user);
    assertThat(url.password().orElse(null)).isEqualTo(password);
    assertThat(url.toString()).isEqualTo(jdbcUrl);
  }

  @Test
  void severalHostsAreKept() {
    assertThat(DatabaseUrl.parse("jdbc:postgresql://a:1,b:2/d").jdbcUrl())
        .isEqualTo("jdbc:postgresql://a:1,b:2/d");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "db", "mysql://h/d", "jdbc:mysql://h/d", "http://h"})
  void notDatabaseAddresses(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> DatabaseUrl.parse(text));
  }
}
