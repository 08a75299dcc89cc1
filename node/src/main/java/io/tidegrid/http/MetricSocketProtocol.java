package io.tidegrid.http;

import io.tidegrid.live.LiveSample;
import java.io.ByteArrayOutputStream;
import java.util.List;

/** What is spoken over one WebSocket. */
interface MetricSocketProtocol {

  /** Answers a message of the client; on the thread that reads its connection. */
  byte[] answer(String message);

  /** Appends frames with samples. */
  void append(ByteArrayOutputStream out, List<LiveSample> samples);

  /** Ends what the client asked for. */
  void close();
}
