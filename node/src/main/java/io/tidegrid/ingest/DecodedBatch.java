package io.tidegrid.ingest;

import io.tidegrid.model.MetricMetadata;
import io.tidegrid.model.SampleBatch;
import java.util.List;

/**
 * What a decoder made of a body.
 *
 * @param samples the good rows
 * @param metadata what the body says of metrics beside samples
 * @param rejected how many rows were not understood
 * @param errors the reasons of the first of them; at most {@link IngestResult#MAX_ERRORS}
 */
public record DecodedBatch(
    SampleBatch samples, List<MetricMetadata> metadata, int rejected, List<RowError> errors) {}
