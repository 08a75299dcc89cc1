package io.tidegrid.ingest;

import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;

/** Walks one JSON body: single, batch or array. Not safe for use by many threads. */
final class JsonParser {

  private final DecodeContext context;
  private final JsonScanner in;
  private final JsonRow row;

  JsonParser(DecodeContext context, byte[] bytes, int size) {
    this.context = context;
    this.in = new JsonScanner(bytes, size, context.decimal);
    this.row = new JsonRow(context, in);
  }

  DecodedBatch parse() {
    if (in.size >= 3
        && in.bytes[0] == (byte) 0xEF
        && in.bytes[1] == (byte) 0xBB
        && in.bytes[2] == (byte) 0xBF) {
      in.at = 3;
    }
    boolean single = false;
    switch (in.next()) {
      case '{' -> single = !batchOrRow();
      case '[' -> rows("");
      default -> {
        if (in.at >= in.size) {
          throw in.notJson(in.at, "the body is empty");
        }
        in.skipValue();
        atEnd();
        throw TidegridException.ofField(
            ErrorCode.INVALID_VALUE, "", "the body must be a JSON object or an array of them");
      }
    }
    atEnd();
    if (single) {
      row.addOrThrow();
    }
    return context.finish();
  }

  private void atEnd() {
    in.next();
    if (in.at < in.size) {
      throw in.notJson(in.at, "the body goes on after its end");
    }
  }

  /** Reads the outermost object; returns whether it held an array of rows. */
  private boolean batchOrRow() {
    boolean batch = false;
    row.reset();
    if (in.enter('}')) {
      do {
        in.next();
        int from = in.at + 1;
        in.string();
        int field = row.fieldAt(from);
        in.expect(':');
        byte first = in.next();
        if (field == JsonRow.METRICS && first == '[') {
          // Of a key given twice the last one counts.
          context.startOver();
          rows("/metrics");
          batch = true;
        } else if (field == JsonRow.METRICS && first != 'n') {
          in.skipValue();
          throw TidegridException.ofField(
              ErrorCode.INVALID_VALUE, "/metrics", "metrics must be an array of objects");
        } else if (batch) {
          in.skipValue();
        } else {
          row.readField(field);
        }
      } while (in.more('}'));
    }
    return batch;
  }

  private void rows(String pointer) {
    int index = 0;
    if (in.enter(']')) {
      do {
        if (in.next() == '{') {
          row.read();
          row.addOrReject(index, pointer);
        } else {
          in.skipValue();
          context.errors.reject(
              index, ErrorCode.INVALID_VALUE, pointer + "/" + index + ": must be an object");
        }
        index++;
      } while (in.more(']'));
    }
  }
}
