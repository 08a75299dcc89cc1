package io.tidegrid.grid;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.tidegrid.model.Matcher;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** A silence as the grid keeps it. It is never changed, only taken away. */
public final class SilenceEntry implements TenantEntry {

  private static final byte FORM = 1;

  private TenantKey key = new TenantKey();
  private List<Matcher> matchers = List.of();
  private Instant startsAt = Instant.EPOCH;
  private Instant endsAt = Instant.EPOCH;
  private String createdBy = "";
  private String comment = "";

  /** For deserialization. */
  public SilenceEntry() {}

  /**
   * Holds a silence.
   *
   * @param key whose it is, and its id
   * @param matchers conditions on the labels of alerts
   * @param startsAt from when
   * @param endsAt until when
   * @param createdBy who says so
   * @param comment why
   */
  public SilenceEntry(
      TenantKey key,
      List<Matcher> matchers,
      Instant startsAt,
      Instant endsAt,
      String createdBy,
      String comment) {
    this.key = key;
    this.matchers = List.copyOf(matchers);
    this.startsAt = startsAt;
    this.endsAt = endsAt;
    this.createdBy = createdBy;
    this.comment = comment;
  }

  @Override
  public TenantKey key() {
    return key;
  }

  @Override
  public long version() {
    return 1;
  }

  /** Returns the conditions on the labels of alerts. */
  public List<Matcher> matchers() {
    return matchers;
  }

  /** Returns from when it holds. */
  public Instant startsAt() {
    return startsAt;
  }

  /** Returns until when it holds. */
  public Instant endsAt() {
    return endsAt;
  }

  /** Returns who said so. */
  public String createdBy() {
    return createdBy;
  }

  /** Returns why. */
  public String comment() {
    return comment;
  }

  @Override
  public int getFactoryId() {
    return GridSerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return GridSerializers.SILENCE_ENTRY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeByte(FORM);
    key.writeData(out);
    AlertWire.writeMatchers(out, matchers);
    AlertWire.write(out, startsAt);
    AlertWire.write(out, endsAt);
    out.writeString(createdBy);
    out.writeString(comment);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    AlertWire.requireVersion(in, FORM, "a silence");
    key = new TenantKey();
    key.readData(in);
    matchers = AlertWire.readMatchers(in);
    startsAt = AlertWire.readInstant(in);
    endsAt = AlertWire.readInstant(in);
    createdBy = in.readString();
    comment = in.readString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SilenceEntry entry
        && key.equals(entry.key)
        && matchers.equals(entry.matchers)
        && startsAt.equals(entry.startsAt)
        && endsAt.equals(entry.endsAt)
        && createdBy.equals(entry.createdBy)
        && comment.equals(entry.comment);
  }

  @Override
  public int hashCode() {
    return Objects.hash(key, matchers, startsAt, endsAt);
  }
}
