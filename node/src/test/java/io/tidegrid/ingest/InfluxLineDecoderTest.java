package io.tidegrid.ingest;

import static io.tidegrid.ingest.DecoderFixture.NOW;
import static io.tidegrid.ingest.DecoderFixture.errors;
import static io.tidegrid.ingest.DecoderFixture.samples;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InfluxLineDecoderTest {

  private final DecoderFixture fixture = new DecoderFixture();

  private DecodedBatch decode(String body) {
    return DecoderFixture.decode(fixture.decoders.influxLine("ns"), body);
  }

  private static String lines(String... lines) {
    return String.join("\n", lines);
  }

  @Test
  void namesMetricsByMeasurementAndField() {
    DecodedBatch batch =
        decode(
            "cpu,host=a,region=eu user=1.5,system=2i,idle=3u,up=t,down=False "
                + NOW
                + "000000\nmem value=-7e-1\n");

    assertThat(samples(batch))
        .containsExactly(
            "0: cpu_user{host=\"a\",region=\"eu\"} 1.5 @0",
            "0: cpu_system{host=\"a\",region=\"eu\"} 2.0 @0",
            "0: cpu_idle{host=\"a\",region=\"eu\"} 3.0 @0",
            "0: cpu_up{host=\"a\",region=\"eu\"} 1.0 @0",
            "0: cpu_down{host=\"a\",region=\"eu\"} 0.0 @0",
            "1: mem_value -0.7 @0");
    assertThat(batch.rejected()).isZero();
  }

  @Test
  void findsFieldsInAnyOrderAndNewOnesLater() {
    decode("cpu,host=a a=1,b=2,c=3 1\n");

    assertThat(samples(decode("cpu,host=a c=3,abc=5,a=1,b=2,ab=9 " + NOW + "000000\n")))
        .containsExactly(
            "0: cpu_c{host=\"a\"} 3.0 @0",
            "0: cpu_abc{host=\"a\"} 5.0 @0",
            "0: cpu_a{host=\"a\"} 1.0 @0",
            "0: cpu_b{host=\"a\"} 2.0 @0",
            "0: cpu_ab{host=\"a\"} 9.0 @0");
  }

  @Test
  void sharesKeysBetweenRequests() {
    String body = "cpu,host=a a=1,b=2\ncpu,host=b a=1,b=2\n";
    DecodedBatch first = decode(body);
    DecodedBatch second = decode(body);

    for (int i = 0; i < 4; i++) {
      assertThat(second.samples().keys()[i]).isSameAs(first.samples().keys()[i]);
    }
  }

  @Test
  void takesMoreFieldsThanAnEntryHolds() {
    StringBuilder line = new StringBuilder("wide,host=a ");
    for (int i = 0; i < 600; i++) {
      line.append(i == 0 ? "" : ",").append("field").append(i).append('=').append(i);
    }
    DecodedBatch first = decode(line + "\n");
    DecodedBatch second = decode(line + "\n");

    assertThat(samples(second)).hasSize(600).isEqualTo(samples(first));
    assertThat(samples(second).get(599)).isEqualTo("0: wide_field599{host=\"a\"} 599.0 @0");
    assertThat(second.samples().keys()[599]).isSameAs(first.samples().keys()[599]);
  }

  @Test
  void undoesEscapes() {
    assertThat(
            samples(
                decode(
                    "my\\ cpu\\,x,ta\\ g\\=1=va\\,l\\ ue,win=C:\\dir\\\\ fi\\ el\\=d=1,"
                        + "s=\"a \\\" , = b\",ok=2\n")))
        .containsExactly(
            "0: my cpu,x_fi el=d{ta g=1=\"va,l ue\",win=\"C:\\\\dir\\\\\"} 1.0 @0",
            "0: my cpu,x_ok{ta g=1=\"va,l ue\",win=\"C:\\\\dir\\\\\"} 2.0 @0");
  }

  @Test
  void skipsCommentsBlankLinesAndStrings() {
    DecodedBatch batch =
        decode(
            lines(
                "# comment\r",
                "\r",
                "  ",
                " a x=1\r",
                "b s=\"two",
                "lines\",x=2\r",
                "c x=3 ",
                "d x=4"));

    assertThat(samples(batch))
        .containsExactly("3: a_x 1.0 @0", "4: b_x 2.0 @0", "6: c_x 3.0 @0", "7: d_x 4.0 @0");
    assertThat(batch.rejected()).isZero();
  }

  @Test
  void rejectsBadLinesAndKeepsTheOthers() {
    DecodedBatch batch =
        decode(
            lines(
                "nofields",
                "m x=",
                "m x=1,",
                "m x=1.5i",
                "m x=NaN",
                "m x=1e999",
                "m s=\"only text\"",
                "m,tag x=1",
                ",a=b x=1",
                "m =1",
                "m x=1 12x",
                "m x=1 1 2",
                "m x=1 99999999999999999999",
                "m,a=1,a=2 x=1",
                "m x=-1u",
                "m x=\"open",
                "good x=1"));

    assertThat(samples(batch)).containsExactly("16: good_x 1.0 @0");
    assertThat(batch.rejected()).isEqualTo(16);
    assertThat(errors(batch))
        .contains(
            "0 INVALID_VALUE the line has no fields; write measurement,tag=value field=1 timestamp",
            "4 INVALID_VALUE the value \"NaN\" is not a finite number, an integer such as 42i, a"
                + " boolean or a string",
            "5 INVALID_VALUE the value \"1e999\" is too large for a double",
            "6 INVALID_VALUE the line has no field that is a number or a boolean",
            "7 INVALID_VALUE a tag must be written name=value, found \"tag\"",
            "8 INVALID_VALUE the line has no measurement before its tags",
            "12 INVALID_TIME the time is out of range; check it and the precision",
            "13 INVALID_VALUE the label a is given twice");
    assertThat(batch.errors())
        .extracting(RowError::index)
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }

  @Test
  void enforcesLimits() {
    StringBuilder tags = new StringBuilder("m");
    for (int i = 0; i < 200; i++) {
      tags.append(",t").append(i).append("=v");
    }
    StringBuilder fields = new StringBuilder("m f0=0");
    for (int i = 1; i < 2000; i++) {
      fields.append(",f").append(i).append("=1");
    }
    DecodedBatch batch = decode(tags + " x=1\n" + fields + "\n" + "n".repeat(10_000) + " x=1\n");

    assertThat(batch.samples().size()).isZero();
    assertThat(batch.errors())
        .extracting(RowError::code)
        .containsExactly(ErrorCode.LABEL_LIMIT, ErrorCode.LABEL_LIMIT, ErrorCode.LABEL_LIMIT);
  }

  @ParameterizedTest
  @CsvSource({
    "ns, 1750000000123456789, 123",
    "'', 1750000000123456789, 123",
    "us, 1750000000123456, 123",
    "u, 1750000000123456, 123",
    "ms, 1750000000123, 123",
    "s, 1750000001, 1000",
    "m, 29166667, 20000",
    "h, 486112, 3200000",
    "ns, -1, -1750000000001"
  })
  void readsTimesInEveryPrecision(String precision, String time, long offset) {
    DecodedBatch batch =
        DecoderFixture.decode(fixture.decoders.influxLine(precision), "m x=1 " + time);

    assertThat(samples(batch)).containsExactly("0: m_x 1.0 @" + offset);
  }

  @Test
  void refusesAnUnknownPrecision() {
    assertThatThrownBy(() -> fixture.decoders.influxLine("days"))
        .isInstanceOfSatisfying(
            TidegridException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_VALUE));
  }
}
