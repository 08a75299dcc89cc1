package io.tidegrid.query;

import io.tidegrid.persist.RollupArchive;
import io.tidegrid.persist.SampleArchive;
import java.util.Optional;

/**
 * What the database holds.
 *
 * @param samples empty when memory is all there is
 * @param rollups empty when no windows are stored
 * @param hours what was read of them lately
 */
record Archives(
    Optional<SampleArchive> samples, Optional<RollupArchive> rollups, HourCache hours) {}
