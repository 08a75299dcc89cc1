package io.tidegrid.http;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/** What administrators see: compaction and retention. */
final class AdminResource {

  private final StorageAdmin admin;

  AdminResource(StorageAdmin admin) {
    this.admin = admin;
  }

  void addTo(Router router) {
    router.get("/admin/retention", this::retention).get("/admin/compaction", this::compaction);
  }

  private static void time(JsonGenerator out, String name, Optional<Instant> time)
      throws IOException {
    Json.textOrNull(out, name, time.map(Instant::toString).orElse(""));
  }

  private void retention(Exchange exchange) {
    Optional<StorageAdmin.Retention> retention = admin.retention();
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeBooleanField("enabled", retention.filter(r -> !r.keep().isZero()).isPresent());
          if (retention.isPresent()) {
            retention(out, retention.get());
          }
          out.writeEndObject();
        });
  }

  private static void retention(JsonGenerator out, StorageAdmin.Retention retention)
      throws IOException {
    out.writeNumberField("keep_seconds", retention.keep().toSeconds());
    out.writeStringField("before", retention.before().toString());
    time(out, "next", retention.next());
    long rows = 0;
    long bytes = 0;
    out.writeArrayFieldStart("partitions");
    for (StorageAdmin.Partition partition : retention.partitions()) {
      out.writeStartObject();
      out.writeStringField("name", partition.name());
      out.writeStringField("from", partition.from().toString());
      out.writeStringField("to", partition.to().toString());
      out.writeStringField("last_write", partition.lastWrite().toString());
      out.writeNumberField("rows", partition.rows());
      out.writeNumberField("bytes", partition.bytes());
      out.writeEndObject();
      rows += partition.rows();
      bytes += partition.bytes();
    }
    out.writeEndArray();
    out.writeNumberField("rows", rows);
    out.writeNumberField("bytes", bytes);
  }

  private void compaction(Exchange exchange) {
    Optional<StorageAdmin.Compaction> compaction = admin.compaction();
    exchange.json(
        200,
        out -> {
          out.writeStartObject();
          out.writeBooleanField("enabled", compaction.isPresent());
          if (compaction.isPresent()) {
            compaction(out, compaction.get());
          }
          out.writeEndObject();
        });
  }

  private static void compaction(JsonGenerator out, StorageAdmin.Compaction compaction)
      throws IOException {
    out.writeNumberField("due", compaction.due());
    out.writeNumberField("waiting", compaction.waiting());
    out.writeNumberField("lag_seconds", compaction.lag().toSeconds());
    time(out, "last_look", compaction.lastLook());
    time(out, "last_run", compaction.lastRun());
    out.writeNumberField("blocks", compaction.blocks());
    out.writeNumberField("rows_written", compaction.rows());
    out.writeNumberField("samples_folded", compaction.samplesFolded());
    out.writeNumberField("samples_written", compaction.samplesWritten());
    out.writeNumberField("failures", compaction.failures());
    out.writeNumberField("failing", compaction.failing());
    Json.textOrNull(out, "last_failure", compaction.lastFailure());
  }
}
