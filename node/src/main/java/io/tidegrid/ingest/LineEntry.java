package io.tidegrid.ingest;

import io.tidegrid.model.SeriesKey;
import java.util.Arrays;

/** Measurement and tags of the line protocol, with the series of the fields seen with them. */
final class LineEntry extends CacheEntry {

  /** Fields beyond these are looked up one by one. */
  static final int MAX_FIELDS = 256;

  /** Replaced as a whole; readers find either version. */
  private Fields fields;

  /** Raw field names and their series, by the place where they were first seen. */
  static final class Fields {

    static final Fields NONE = new Fields(new byte[0][], new SeriesKey[0]);

    final byte[][] names;
    final SeriesKey[] keys;

    private Fields(byte[][] names, SeriesKey[] keys) {
      this.names = names;
      this.keys = keys;
    }

    Fields with(byte[] name, SeriesKey key) {
      byte[][] moreNames = Arrays.copyOf(names, names.length + 1);
      SeriesKey[] moreKeys = Arrays.copyOf(keys, keys.length + 1);
      moreNames[names.length] = name;
      moreKeys[keys.length] = key;
      return new Fields(moreNames, moreKeys);
    }

    /** Returns the place of a field name among these, or -1. Linear. */
    int indexOf(byte[] bytes, int from, int to) {
      for (int i = 0; i < names.length; i++) {
        byte[] name = names[i];
        if (name.length == to - from && Arrays.equals(name, 0, name.length, bytes, from, to)) {
          return i;
        }
      }
      return -1;
    }
  }

  LineEntry(SeriesCache.Scope scope, long hash, byte[] raw, Fields fields) {
    super(scope, hash, raw);
    this.fields = fields;
    this.cost = OVERHEAD_BYTES + raw.length;
    for (int i = 0; i < fields.names.length; i++) {
      cost += costOf(fields.names[i], fields.keys[i]);
    }
  }

  Fields fields() {
    return fields;
  }

  /** Called by the cache alone, under its lock. */
  void setFields(Fields fields) {
    this.fields = fields;
  }

  static int costOf(byte[] name, SeriesKey key) {
    return 40 + name.length + SeriesEntry.costOf(key);
  }
}
