package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;

/**
 * A part of a list, as a request asks for it.
 *
 * @param number from 1
 * @param size items on each page, from 1
 */
record Page(int number, int size) {

  static final int DEFAULT_SIZE = 50;
  private static final int MAX_SIZE = 10_000;

  /** Reads {@code page} and {@code page_size}. */
  static Page of(Params params, int defaultSize) {
    return new Page(
        params.integer("page", 1, 1, Integer.MAX_VALUE),
        params.integer("page_size", defaultSize, 1, MAX_SIZE));
  }

  /** Returns what of a list is on this page; empty beyond its end. */
  <T> List<T> of(List<T> all) {
    int from = (int) Math.min((number - 1L) * size, all.size());
    return all.subList(from, (int) Math.min((long) from + size, all.size()));
  }

  /** Writes the members that tell a client where it is. */
  void write(JsonGenerator out, int total) throws IOException {
    out.writeNumberField("total", total);
    out.writeNumberField("page", number);
    out.writeNumberField("page_size", size);
  }
}
