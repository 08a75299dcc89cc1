package io.tidegrid.ingest;

/** Whose spelling of a series the bytes are. */
enum Protocol {
  REMOTE_WRITE(0, "remote_write"),
  INFLUX_LINE(1, "influx_line"),
  INFLUX_FIELD(2, "influx_field"),
  TEXT(3, "text"),
  JSON(4, "json"),
  EVENT(5, "event");

  /** Tells the keys of protocols apart. */
  final byte id;

  /** The value of the label {@code protocol} of metrics. */
  final String tag;

  Protocol(int id, String tag) {
    this.id = (byte) id;
    this.tag = tag;
  }
}
