package io.tidegrid.live;

/** The way to samples as they come in. Safe for use by many threads. */
public interface LiveStreams {

  /** Streams in which nothing ever comes. */
  LiveStreams NONE =
      receiver ->
          new LiveStream() {
            @Override
            public boolean subscribe(LiveFilter filter) {
              return true;
            }

            @Override
            public boolean unsubscribe(LiveFilter filter) {
              return true;
            }

            @Override
            public void close() {}
          };

  /** Opens a stream that has no filters yet. The caller closes it. */
  LiveStream open(LiveReceiver receiver);
}
