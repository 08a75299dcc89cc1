package io.tidegrid.ingest;

/** Turns the body of one protocol into samples. Safe for use by many threads. */
public interface SampleDecoder {

  /**
   * Decodes a body.
   *
   * @param tenant the tenant whose samples these are
   * @param body the bytes as received, content codings such as gzip already undone
   * @param length how many of them are the body
   * @param nowMs the arrival time, for rows without one
   * @return the good rows and the reasons of the bad ones
   * @throws io.tidegrid.model.TidegridException when the body as a whole cannot be understood
   */
  DecodedBatch decode(String tenant, byte[] body, int length, long nowMs);
}
