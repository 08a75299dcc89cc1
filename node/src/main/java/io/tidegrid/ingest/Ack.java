package io.tidegrid.ingest;

/** What must be true before a write is answered. */
public enum Ack {
  /** The samples and their journal entry are on the owner and its synchronous backups. */
  REPLICATED,
  /** Beyond that, they are committed in the database. */
  DURABLE
}
