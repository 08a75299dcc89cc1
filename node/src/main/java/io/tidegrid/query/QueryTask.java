package io.tidegrid.query;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.tidegrid.model.TidegridException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Asks the member that it is sent to about some of the shards that it owns. */
final class QueryTask
    implements Callable<QueryReply>, IdentifiedDataSerializable, HazelcastInstanceAware {

  private ShardQuestion<?> question;
  private ShardSet shards;
  private Duration timeout;
  private HazelcastInstance hazelcast;

  /** For deserialization. */
  QueryTask() {}

  QueryTask(ShardQuestion<?> question, ShardSet shards, Duration timeout) {
    this.question = question;
    this.shards = shards;
    this.timeout = timeout;
  }

  @Override
  public QueryReply call() {
    Object reader = hazelcast.getUserContext().get(MemberReader.USER_CONTEXT_KEY);
    if (!(reader instanceof MemberReader member)) {
      return notHere(question, shards);
    }
    try {
      return QueryReply.of(member.readForOther(question, shards, timeout));
    } catch (TidegridException e) {
      return QueryReply.of(e);
    }
  }

  /** A member that is starting or stopping answers nothing yet, or no more. */
  private static QueryReply notHere(ShardQuestion<?> question, ShardSet shards) {
    return QueryReply.of(new MemberAnswer(question.newAnswer(), shards, new ShardSet(), 0, 0));
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance instance) {
    hazelcast = instance;
  }

  @Override
  public int getFactoryId() {
    return QuerySerializers.FACTORY_ID;
  }

  @Override
  public int getClassId() {
    return QuerySerializers.QUERY_TASK;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    QuestionWire.write(question, out);
    out.writeLongArray(shards.toWords());
    out.writeLong(timeout.toMillis());
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    question = QuestionWire.read(in);
    shards = ShardSet.ofWords(in.readLongArray());
    timeout = Duration.ofMillis(in.readLong());
  }
}
