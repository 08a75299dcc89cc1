package io.tidegrid.persist;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import io.tidegrid.grid.GridSerializers;
import io.tidegrid.grid.JournalBatch;
import io.tidegrid.grid.JournalKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Batches that the database refuses for what is in them, kept with the reason. */
final class DeadLetters {

  /** Independent of an instance's configuration, so that a letter can be read by any node. */
  private static final InternalSerializationService SERIALIZATION =
      new DefaultSerializationServiceBuilder()
          .addDataSerializableFactory(GridSerializers.FACTORY_ID, new GridSerializers())
          .build();

  private DeadLetters() {}

  static void insert(
      Connection connection, JournalKey key, JournalBatch batch, String state, String reason)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO dead_letters (shard, epoch, counter, samples, sqlstate, reason, payload)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?)")) {
      insert.setInt(1, key.shard());
      insert.setInt(2, key.epoch());
      insert.setInt(3, key.counter());
      insert.setInt(4, batch.size());
      insert.setString(5, state);
      insert.setString(6, SeriesWriter.storable(reason));
      insert.setBytes(7, SERIALIZATION.toBytes(batch));
      insert.executeUpdate();
    }
  }

  /** Reads a letter's batch back. */
  static JournalBatch read(byte[] payload) {
    return SERIALIZATION.toObject(
        new com.hazelcast.internal.serialization.impl.HeapData(payload), JournalBatch.class);
  }
}
