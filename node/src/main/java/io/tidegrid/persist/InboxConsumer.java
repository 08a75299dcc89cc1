package io.tidegrid.persist;

import io.tidegrid.model.TidegridException;
import java.util.List;
import java.util.Map;

/** Takes in the rows that were inserted with SQL. */
@FunctionalInterface
public interface InboxConsumer {

  /**
   * Takes rows in and returns when all but the refused ones are committed as samples: they are then
   * deleted. After a crash rows come again, so taking one again must change nothing.
   *
   * @param rows in the order of their ids, of any tenants
   * @return why rows were refused, by their index in the list; they will not come again
   * @throws TidegridException when they cannot be taken now; all come again
   */
  Map<Integer, String> take(List<InboxRow> rows);
}
