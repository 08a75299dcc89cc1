package io.tidegrid.alert;

import io.tidegrid.model.AlertRule;
import java.util.List;

/** The rules of all tenants, as this member knows them. Safe for use by many threads. */
public interface RuleBook {

  /**
   * All rules at one moment. Immutable.
   *
   * @param version another one whenever the rules are others
   * @param rules in no particular order, disabled ones too
   */
  record Snapshot(long version, List<AlertRule> rules) {
    /** Copies the list. */
    public Snapshot {
      rules = List.copyOf(rules);
    }
  }

  /** Returns the rules; as cheap as reading a volatile field. */
  Snapshot current();
}
