package io.tidegrid.http;

import io.helidon.websocket.WsOpCode;
import io.tidegrid.live.LiveSample;
import io.tidegrid.live.LiveStream;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.ByteArrayOutputStream;
import java.util.List;

/** The stream of one metric, named by the path: a message for each sample. */
final class MetricSocketOfOne implements MetricSocketProtocol {

  private final LiveStream stream;

  MetricSocketOfOne(LiveStream stream) {
    this.stream = stream;
  }

  @Override
  public byte[] answer(String message) {
    try {
      if (MetricSocketRequest.parse(message).type().equals("ping")) {
        return MetricSocketMessages.PONG;
      }
      throw new TidegridException(
          ErrorCode.INVALID_VALUE,
          "this stream shows the metric of its path and takes no messages but pings; subscribe at"
              + " /ws/metrics");
    } catch (TidegridException e) {
      return MetricSocketMessages.error(e);
    }
  }

  @Override
  public void append(ByteArrayOutputStream out, List<LiveSample> samples) {
    for (LiveSample sample : samples) {
      LiveFrames.append(out, WsOpCode.TEXT, sample.rendered(MetricSocketMessages::sample));
    }
  }

  @Override
  public void close() {
    stream.close();
  }
}
