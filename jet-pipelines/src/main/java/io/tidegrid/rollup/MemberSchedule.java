package io.tidegrid.rollup;

import java.util.List;
import java.util.Optional;

/** The schedule of a member; begins anew when the member's ports are others. */
final class MemberSchedule {

  private record Current(RollupPorts ports, SpanSchedule schedule) {}

  private final int workers;
  private Optional<Current> current = Optional.empty();

  MemberSchedule(int workers) {
    this.workers = workers;
  }

  List<DirtySpan> due(Look look) {
    Current now =
        current
            .filter(known -> known.ports == look.ports())
            .orElseGet(
                () -> new Current(look.ports(), new SpanSchedule(look.ports().options(), workers)));
    current = Optional.of(now);
    return now.schedule.due(look);
  }
}
