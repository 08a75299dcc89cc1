package io.tidegrid.http;

import io.tidegrid.ingest.Ack;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.query.QueryEngine;
import java.time.InstantSource;

/**
 * What every resource has at hand.
 *
 * @param options limits
 * @param ingest the way in
 * @param engine the way out
 * @param decoders the protocols
 * @param downsampler thins charts out
 * @param status what the node says of itself
 * @param clock the time
 * @param defaultAck what a write waits for when the request does not say
 * @param buffers arrays for bodies
 * @param connections the open connections
 * @param meters what is counted
 */
record HttpContext(
    HttpOptions options,
    Ingest ingest,
    QueryEngine engine,
    HttpDecoders decoders,
    Downsampler downsampler,
    NodeStatus status,
    InstantSource clock,
    Ack defaultAck,
    BodyBuffers buffers,
    Connections connections,
    HttpMeters meters) {}
