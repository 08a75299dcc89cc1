package io.tidegrid.ingest;

/** Whose spelling of a series the bytes are. */
enum Protocol {
  REMOTE_WRITE("remote_write"),
  INFLUX_LINE("influx_line"),
  INFLUX_FIELD("influx_field"),
  TEXT("text"),
  JSON("json");

  /** The value of the label {@code protocol} of metrics. */
  final String tag;

  Protocol(String tag) {
    this.tag = tag;
  }
}
