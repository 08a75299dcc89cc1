package io.tidegrid.store;

import io.tidegrid.live.SeriesTable;
import io.tidegrid.model.Matcher;
import java.util.List;

/** A shard by the numbers of its series. Safe for use by many threads. */
public interface NumberedShard {

  /** Returns the shard's series: the same object that taps are shown. */
  SeriesTable table();

  /** Returns how many series there are; their numbers are those below. */
  int size();

  /** Returns the numbers of the tenant's series that meet all matchers, ascending. */
  int[] select(String tenant, List<Matcher> matchers);

  /**
   * Returns the sequence (epoch shifted left by 32 bits, plus the number of the batch) of a batch:
   * what is read afterwards has all samples of it and of those before that memory keeps. It may
   * have some of later ones.
   */
  long throughSequence();

  /** Returns a series by its number. */
  SeriesView series(int number);
}
