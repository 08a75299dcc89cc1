package io.tidegrid.node;

import io.tidegrid.persist.Persistence;
import io.tidegrid.rollup.DirtySpan;
import io.tidegrid.rollup.WindowSource;
import java.util.List;

/** Forgets spans whose samples are gone in the database too, not in memory alone. */
record DurableRefusals(WindowSource source, Persistence database) implements WindowSource {

  @Override
  public List<DirtySpan> dirty() {
    return source.dirty();
  }

  @Override
  public Reading read(DirtySpan span) {
    return source.read(span);
  }

  @Override
  public void refuse(DirtySpan span) {
    // The database first: a mark that is left in memory is refused again, with its mark there.
    database.forgetRollupMark(span.tier(), span.shard(), span.startMs(), span.sequence());
    source.refuse(span);
  }
}
