package io.tidegrid.persist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseUrlTest {

  @ParameterizedTest
  @CsvSource({
    "postgresql://u:p%40ss+1@db:5433/metrics,               jdbc:postgresql://db:5433/metrics, u, p@ss+1",
    "postgres://u@db/metrics,                               jdbc:postgresql://db/metrics, u, ''",
    "postgresql+asyncpg://u:pw@db/metrics,                  jdbc:postgresql://db/metrics, u, pw",
    "jdbc:postgresql://db/metrics?user=u&password=p%26w,    jdbc:postgresql://db/metrics, u, p&w",
    "postgresql://a:1@h1:5432%2Ch2:5433/m,                  jdbc:postgresql://h1:5432%2Ch2:5433/m, a, 1",
    "postgresql://u:pw@[::1]:5432/m,                        jdbc:postgresql://[::1]:5432/m, u, pw",
    "postgresql://u:p:w@db,                                 jdbc:postgresql://db/u, u, p:w",
  })
  void isTakenApart(String text, String jdbcUrl, String user, String password) {
    DatabaseUrl url = DatabaseUrl.parse(text);
    assertThat(url.jdbcUrl()).isEqualTo(jdbcUrl);
    assertThat(url.user()).contains(user);
    assertThat(url.password().orElse("")).isEqualTo(password);
    assertThat(url.toString()).isEqualTo(jdbcUrl);
  }

  @Test
  void parametersArePassedOn() {
    DatabaseUrl url = DatabaseUrl.parse("postgresql+asyncpg://u@db/m?ssl=require&options=-c%20a");
    assertThat(url.parameters())
        .containsEntry("sslmode", "require")
        .containsEntry("options", "-c a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mysql://u:hush@db/m",
        "hush",
        "",
        "jdbc:mysql://hush",
        "postgresql://u:%zzhush@d/m"
      })
  void whatIsNoDatabaseIsRefusedWithoutSayingTheSecret(String text) {
    assertThatThrownBy(() -> DatabaseUrl.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(e -> assertThat(e.getMessage()).isNotBlank());
    if (!text.equals("hush")) {
      assertThatThrownBy(() -> DatabaseUrl.parse(text))
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hush"));
    }
  }
}
