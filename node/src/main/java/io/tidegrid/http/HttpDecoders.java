package io.tidegrid.http;

import io.tidegrid.ingest.SampleDecoder;
import java.util.function.Function;

/**
 * The decoders behind the ingest paths. A decoder must not keep the byte array of a body: it is
 * used for another request afterwards.
 *
 * @param json single samples and batches in JSON
 * @param remoteWrite Prometheus remote-write, still compressed with snappy
 * @param influx the line protocol, by the value of {@code precision}: {@code ns}, {@code us},
 *     {@code ms}, {@code s}, {@code m}, {@code h}
 * @param text the text exposition format; true for OpenMetrics
 */
public record HttpDecoders(
    SampleDecoder json,
    SampleDecoder remoteWrite,
    Function<String, SampleDecoder> influx,
    Function<Boolean, SampleDecoder> text) {}
