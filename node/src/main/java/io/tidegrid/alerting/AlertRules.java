package io.tidegrid.alerting;

import io.tidegrid.model.AlertRule;
import java.util.List;
import java.util.Optional;

/** The rules of tenants. Safe for use by many threads. */
public interface AlertRules {

  /**
   * Adds a rule. When this returns, all members judge what they take by it.
   *
   * @throws io.tidegrid.model.TidegridException when it says something that cannot be evaluated, or
   *     the tenant has as many rules as it may
   */
  AlertRule create(String tenant, AlertRule.Spec spec);

  /**
   * Returns the rule that watches the same metric and series by the same condition, sample by
   * sample, whatever else was changed of it since; adds one if there is none. Of any number of
   * identical calls at the same time, on any members, one adds it.
   *
   * @param spec of a rule that announces each sample
   * @throws io.tidegrid.model.TidegridException as {@link #create}
   */
  AlertRule findOrCreate(String tenant, AlertRule.Spec spec);

  /** Returns the rules of a tenant, in order of creation. */
  List<AlertRule> list(String tenant);

  /** Returns a rule; empty when the tenant has none of that id. */
  Optional<AlertRule> find(String tenant, String id);

  /**
   * Changes a rule.
   *
   * @return the rule as it is now; empty when the tenant has none of that id
   * @throws io.tidegrid.model.TidegridException as {@link #create}
   */
  Optional<AlertRule> replace(String tenant, String id, AlertRule.Spec spec);

  /** Removes a rule and resolves its alerts; tells whether there was one. */
  boolean delete(String tenant, String id);
}
