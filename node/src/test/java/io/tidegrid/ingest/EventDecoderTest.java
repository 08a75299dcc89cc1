package io.tidegrid.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.Event;
import io.tidegrid.model.TidegridException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EventDecoderTest {

  private static final long NOW = 1_760_000_000_000L;

  private final EventDecoder decoder =
      new EventDecoder(
          IngestOptions.defaults(),
          new EventLimits(8, 3, 2, 8, 4),
          new SeriesCache(1 << 20, new SimpleMeterRegistry()),
          new SimpleMeterRegistry());

  private DecodedEvent one(String json) {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    return decoder.one("t", body, body.length, NOW);
  }

  @Test
  void readsAnEvent() {
    for (int again = 0; again < 2; again++) {
      DecodedEvent decoded =
          one(
              """
              {"tags": ["a", "b", "a"], "metrics": {"temp": 34.2, "c\\u0070u": 0.44, "temp": 1},
               "timeStamp": "2025-01-15T10:00:00", "device_id": "dévA", "event_id": "e001"}\
              """
                  .replace(", \"a\"]", "]"));
      Event event = decoded.event();
      assertThat(event.id()).isEqualTo("e001");
      assertThat(event.deviceId()).isEqualTo("dévA");
      assertThat(event.timeMs()).isEqualTo(1_736_935_200_000L);
      assertThat(event.metrics()).containsExactly("cpu", "temp");
      assertThat(event.value(0)).isEqualTo(0.44);
      assertThat(event.value(1)).isEqualTo(1);
      assertThat(event.tags()).containsExactly("a", "b");
      assertThat(decoded.series().get(0).labels().toString()).isEqualTo("cpu{device_id=\"dévA\"}");
    }
  }

  @Test
  void withoutATimeItIsThatOfArrival() {
    Event event = one("{\"event_id\":\"a\",\"device_id\":\"b\",\"metrics\":{\"m\":-1}}").event();
    assertThat(event.timeMs()).isEqualTo(NOW);
    assertThat(event.timed()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/event_id  | INVALID_VALUE  | {'device_id':'d','metrics':{'m':1}}",
        "/event_id  | INVALID_VALUE  | {'event_id':1,'device_id':'d','metrics':{'m':1}}",
        "/event_id  | INVALID_VALUE  | {'event_id':'\\u0000','device_id':'d','metrics':{'m':1}}",
        "/event_id  | EVENT_LIMIT    | {'event_id':'123456789','device_id':'d','metrics':{'m':1}}",
        "/device_id | INVALID_VALUE  | {'event_id':'e','device_id':'','metrics':{'m':1}}",
        "/metrics   | INVALID_VALUE  | {'event_id':'e','device_id':'d'}",
        "/metrics   | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{}}",
        "/metrics   | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':[1]}",
        "/metrics/m | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'m':NaN}}",
        "/metrics/m | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'m':-1e999}}",
        "/metrics/m | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'m':{'x':1}}}",
        "/metrics/  | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'':1}}",
        "/metrics   | EVENT_LIMIT    | {'event_id':'e','device_id':'d','metrics':{'a':1,'b':1,'c':1,'d':1}}",
        "/tags      | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'m':1},'tags':'x'}",
        "/tags/1    | INVALID_VALUE  | {'event_id':'e','device_id':'d','metrics':{'m':1},'tags':['x',1]}",
        "/tags/0    | EVENT_LIMIT    | {'event_id':'e','device_id':'d','metrics':{'m':1},'tags':['123456789']}",
        "/tags      | EVENT_LIMIT    | {'event_id':'e','device_id':'d','metrics':{'m':1},'tags':['1','2','3']}",
        "/timeStamp | INVALID_TIME   | {'event_id':'e','device_id':'d','metrics':{'m':1},'time':'soon'}",
        "/timeStamp | INVALID_TIME   | {'event_id':'e','device_id':'d','metrics':{'m':1},'time':-1}",
        "/timeStamp | SAMPLE_TOO_NEW | {'event_id':'e','device_id':'d','metrics':{'m':1},'timestamp':'2999-01-01'}"
      })
  void namesTheBadField(String pointer, ErrorCode code, String json) {
    TidegridException e =
        catchThrowableOfType(TidegridException.class, () -> one(json.replace('\'', '"')));
    assertThat(e.errors()).extracting(TidegridException.FieldError::pointer).contains(pointer);
    assertThat(e.code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {"{'event_id':", "{'a':1}x", "{'a':\\x}"})
  void refusesWhatIsNoJson(String json) {
    TidegridException e =
        catchThrowableOfType(TidegridException.class, () -> one(json.replace('\'', '"')));
    assertThat(e.code()).isEqualTo(ErrorCode.NOT_PARSEABLE);
  }

  @Test
  void refusesDeepJson() {
    String deep = "{\"x\":" + "[".repeat(10_000) + "]".repeat(10_000) + "}";
    TidegridException e = catchThrowableOfType(TidegridException.class, () -> one(deep));
    assertThat(e.code()).isEqualTo(ErrorCode.NOT_PARSEABLE);
  }

  @Test
  void takesTheGoodOnesOfABatch() {
    byte[] body =
        "[{\"event_id\":\"a\",\"device_id\":\"d\",\"metrics\":{\"m\":1}},{\"event_id\":\"b\"},7]"
            .getBytes(StandardCharsets.UTF_8);
    DecodedEvents decoded = decoder.many("t", body, body.length, NOW);
    assertThat(decoded.events()).extracting(DecodedEvent::index).containsExactly(0);
    assertThat(decoded.rejected()).extracting(RejectedEvent::eventId).isEqualTo(List.of("b", ""));
  }
}
