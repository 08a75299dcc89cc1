package io.tidegrid.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Compresses answers at the fastest level: what is asked for a second later is another answer. */
final class Gzip extends GZIPOutputStream {

  private static final int BUFFER = 8 << 10;

  Gzip(OutputStream out) throws IOException {
    super(out, BUFFER);
    def.setLevel(Deflater.BEST_SPEED);
  }

  static byte[] compress(byte[] content) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream(content.length / 4 + BUFFER);
    try (Gzip gzip = new Gzip(compressed)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return compressed.toByteArray();
  }

  /**
   * Tells whether a client takes gzip.
   *
   * @param acceptEncoding the header's text, empty when there is none, as in RFC 9110, section
   *     12.5.3; what is not understood counts as not named
   */
  static boolean isAccepted(String acceptEncoding) {
    boolean any = false;
    for (String entry : acceptEncoding.toLowerCase(Locale.ROOT).split(",", -1)) {
      int semicolon = entry.indexOf(';');
      String coding = (semicolon < 0 ? entry : entry.substring(0, semicolon)).strip();
      boolean wanted = semicolon < 0 || weight(entry.substring(semicolon + 1)) > 0;
      switch (coding) {
        case "gzip", "x-gzip" -> {
          return wanted;
        }
        case "*" -> any = wanted;
        default -> {}
      }
    }
    return any;
  }

  private static double weight(String parameter) {
    String text = parameter.strip();
    if (!text.startsWith("q=")) {
      return 1;
    }
    try {
      return Double.parseDouble(text.substring(2).strip());
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
