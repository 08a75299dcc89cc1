package io.tidegrid.http;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Tells a running query whether its client is still there. Watching starts only after a moment,
 * since most queries are over by then. May be asked by any thread; once closed it touches the
 * socket no more, whoever still asks.
 */
final class ClientWatch implements BooleanSupplier, AutoCloseable {

  private static final long PATIENCE_NANOS = 25_000_000;

  private final Optional<Connections.Watched> connection;
  private final long startNanos = System.nanoTime();
  private final ReentrantLock lock = new ReentrantLock();
  private boolean watching;
  private boolean closed;

  ClientWatch(Optional<Connections.Watched> connection) {
    this.connection = connection;
  }

  @Override
  public boolean getAsBoolean() {
    if (System.nanoTime() - startNanos < PATIENCE_NANOS || !lock.tryLock()) {
      return false;
    }
    try {
      if (closed || connection.isEmpty()) {
        return false;
      }
      if (!watching) {
        connection.get().watch();
        watching = true;
      }
      return connection.get().hungUp();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }
}
