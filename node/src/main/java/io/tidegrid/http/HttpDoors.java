package io.tidegrid.http;

import io.tidegrid.alerting.AlertDoors;
import io.tidegrid.ingest.Ingest;
import io.tidegrid.live.LiveStreams;
import io.tidegrid.query.QueryEngine;
import java.util.Optional;

/**
 * What of the node requests are handed to.
 *
 * @param ingest the way in
 * @param queries the way out
 * @param live samples as they come in
 * @param alerts rules, alerts, silences, and announcements of alerts
 * @param events what takes and finds events; empty for none
 * @param rollups how far windows are computed
 * @param status what the node says of itself
 * @param admin what administrators see of the database
 */
public record HttpDoors(
    Ingest ingest,
    QueryEngine queries,
    LiveStreams live,
    AlertDoors alerts,
    Optional<EventApi> events,
    RollupStatus rollups,
    NodeStatus status,
    StorageAdmin admin) {}
