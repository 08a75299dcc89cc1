package io.tidegrid.grid;

import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** Something of one tenant that all members know, in one of its versions. Immutable in use. */
public interface TenantEntry extends IdentifiedDataSerializable {

  /** Returns what names it. */
  TenantKey key();

  /** Returns the version, from 1; a higher one takes the place of a lower one. */
  long version();
}
