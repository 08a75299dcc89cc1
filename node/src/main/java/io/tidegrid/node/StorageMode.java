package io.tidegrid.node;

/** Where samples are kept beside memory. */
public enum StorageMode {
  /** A PostgreSQL that the node itself runs in its data directory. */
  EMBEDDED,
  /** A PostgreSQL that somebody else runs, named by {@code database.url}. */
  DATABASE,
  /** Nowhere: what the cluster forgets is gone. */
  MEMORY
}
