package io.tidegrid.query;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** What a member replies to a {@link QueryTask}: its answer, or the error that ended it. */
final class QueryReply implements IdentifiedDataSerializable {

  private Optional<MemberAnswer> answer = Optional.empty();
  private Optional<TidegridException> error = Optional.empty();

  /** For deserialization. */
  QueryReply() {}

  static QueryReply of(MemberAnswer answer) {
    QueryReply reply = new QueryReply();
    reply.answer = Optional.of(answer);
    return reply;
  }

  static QueryReply of(TidegridException error) {
    QueryReply reply = new QueryReply();
    reply.error = Optional.of(error);
    return reply;
  }

  /**
   * Returns the answer.
   *
   * @throws TidegridException the error that ended the query on the other member
   */
  MemberAnswer answer() {
    if (error.isPresent()) {
      TidegridException e = error.get();
      throw new TidegridException(
          e.code(), e.getMessage(), e.errors(), e.retryAfter().orElse(Duration.ZERO), e);
    }
    return answer.orElseThrow();
  }

  @Override
  public int getFactoryId() {
    return QuerySerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return QuerySerializers.QUERY_REPLY;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeBoolean(error.isPresent());
    if (error.isPresent()) {
      TidegridException e = error.get();
      out.writeString(e.code().name());
      out.writeString(e.getMessage());
      out.writeLong(e.retryAfter().orElse(Duration.ZERO).toMillis());
      return;
    }
    MemberAnswer found = answer.orElseThrow();
    out.writeLongArray(found.moved().toWords());
    out.writeLongArray(found.notReady().toWords());
    out.writeLong(found.samples());
    out.writeLong(found.series());
    AnswerWire.write(found.answer(), out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    if (in.readBoolean()) {
      ErrorCode code = ErrorCode.valueOf(in.readString());
      error =
          Optional.of(
              TidegridException.retryable(code, in.readString(), Duration.ofMillis(in.readLong())));
      return;
    }
    ShardSet moved = ShardSet.ofWords(in.readLongArray());
    ShardSet notReady = ShardSet.ofWords(in.readLongArray());
    long samples = in.readLong();
    long series = in.readLong();
    answer = Optional.of(new MemberAnswer(AnswerWire.read(in), moved, notReady, samples, series));
  }
}
