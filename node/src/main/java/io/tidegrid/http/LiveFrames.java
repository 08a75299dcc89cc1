package io.tidegrid.http;

import io.helidon.websocket.WsOpCode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The frames that a server sends (RFC 6455): never masked, never in fragments. */
final class LiveFrames {

  private static final int FINAL = 0x80;
  private static final int MAX_CONTROL_BYTES = 125;
  private static final int TWO_BYTES = 126;
  private static final int EIGHT_BYTES = 127;

  private LiveFrames() {}

  /** Appends a frame. */
  static void append(ByteArrayOutputStream out, WsOpCode code, byte[] payload) {
    header(out, code, payload.length);
    out.writeBytes(payload);
  }

  /** Appends what comes before a frame's payload. */
  static void header(ByteArrayOutputStream out, WsOpCode code, int length) {
    out.write(FINAL | code.code());
    if (length < TWO_BYTES) {
      out.write(length);
    } else if (length < 1 << 16) {
      out.write(TWO_BYTES);
      out.write(length >>> 8);
      out.write(length);
    } else {
      out.write(EIGHT_BYTES);
      out.write(0);
      out.write(0);
      out.write(0);
      out.write(0);
      out.write(length >>> 24);
      out.write(length >>> 16);
      out.write(length >>> 8);
      out.write(length);
    }
  }

  static byte[] frame(WsOpCode code, byte[] payload) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(payload.length + 10);
    append(out, code, payload);
    return out.toByteArray();
  }

  /** Returns a close frame; the reason is ASCII and cut to what a control frame holds. */
  static byte[] close(int code, String reason) {
    byte[] text = reason.getBytes(StandardCharsets.US_ASCII);
    int length = Math.min(text.length, MAX_CONTROL_BYTES - 2);
    byte[] payload = new byte[2 + length];
    payload[0] = (byte) (code >>> 8);
    payload[1] = (byte) code;
    System.arraycopy(text, 0, payload, 2, length);
    return frame(WsOpCode.CLOSE, payload);
  }
}
