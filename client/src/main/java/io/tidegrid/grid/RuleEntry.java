package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.AlertRule;
import java.io.IOException;
import java.util.Objects;

/** A rule as the grid keeps it. */
public final class RuleEntry implements TenantEntry {

  private static final byte FORM = 1;

  private AlertRule rule;

  /** For deserialization. */
  public RuleEntry() {}

  /** Holds a rule. */
  public RuleEntry(AlertRule rule) {
    this.rule = rule;
  }

  /** Returns the rule. */
  public AlertRule rule() {
    return rule;
  }

  @Override
  public TenantKey key() {
    return new TenantKey(rule.tenant(), rule.id());
  }

  @Override
  public long version() {
    return rule.version();
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.RULE_ENTRY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(FORM);
    AlertWire.write(out, rule);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    AlertWire.requireVersion(in, FORM, "a rule");
    rule = AlertWire.readRule(in);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RuleEntry entry && Objects.equals(rule, entry.rule);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(rule);
  }
}
