package io.tidegrid.persist;

import java.time.Instant;
import java.util.Collection;

/** Writes values as SQL literals, for statements that take no parameters. */
final class SqlText {

  private SqlText() {}

  static String array(long[] ids) {
    StringBuilder text = new StringBuilder(ids.length * 20 + 16).append("'{");
    for (int i = 0; i < ids.length; i++) {
      text.append(i == 0 ? "" : ",").append(ids[i]);
    }
    return text.append("}'::bigint[]").toString();
  }

  static String array(int[] numbers) {
    StringBuilder text = new StringBuilder(numbers.length * 5 + 16).append("'{");
    for (int i = 0; i < numbers.length; i++) {
      text.append(i == 0 ? "" : ",").append(numbers[i]);
    }
    return text.append("}'::integer[]").toString();
  }

  static String times(Collection<Long> timesMs) {
    StringBuilder text = new StringBuilder(timesMs.size() * 24 + 16).append("'{");
    for (long time : timesMs) {
      text.append(text.length() == 2 ? "" : ",").append(Instant.ofEpochMilli(time));
    }
    return text.append("}'::timestamptz[]").toString();
  }

  static String time(long timeMs) {
    return "'" + Instant.ofEpochMilli(timeMs) + "'::timestamptz";
  }
}
