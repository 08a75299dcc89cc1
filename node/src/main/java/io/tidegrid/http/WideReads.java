package io.tidegrid.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.function.Supplier;

/**
 * A connection's context that reads large bodies in large pieces. Helidon 4.3 reads 8 KiB at a
 * time, and for bodies of some hundred KiB these system calls took more CPU than parsing them.
 */
final class WideReads implements ConnectionContext {

  private final ConnectionContext delegate;
  private final DataReader reader;

  WideReads(ConnectionContext delegate) {
    this.delegate = delegate;
    this.reader = new DataReader(new Pieces(delegate));
  }

  /**
   * Reads pieces that grow while they are filled. A piece that was not filled is followed by a
   * small one, so that a connection that waits for its next request holds little.
   */
  private static final class Pieces implements Supplier<byte[]> {

    private static final int SMALL = 8 << 10;
    private static final int LARGE = 128 << 10;
    private static final int GROWTH = 4;

    private final ConnectionContext context;
    private BufferData piece = BufferData.create(SMALL);
    private int capacity = SMALL;

    Pieces(ConnectionContext context) {
      this.context = context;
    }

    @Override
    public byte[] get() {
      DataReader first = context.dataReader();
      if (first.available() > 0) {
        return first.readBytes(first.available());
      }
      int read;
      try {
        read = context.serverSocket().read(piece.reset());
      } catch (UncheckedIOException e) {
        throw new ServerConnectionException("the connection could not be read", e);
      }
      if (read < 0) {
        return null;
      }
      byte[] bytes = new byte[read];
      piece.read(bytes);
      resize(read == capacity ? Math.min(capacity * GROWTH, LARGE) : SMALL);
      return bytes;
    }

    private void resize(int next) {
      if (next != capacity) {
        capacity = next;
        piece = BufferData.create(next);
      }
    }
  }

  @Override
  public DataReader dataReader() {
    return reader;
  }

  @Override
  public DataWriter dataWriter() {
    return delegate.dataWriter();
  }

  @Override
  public ListenerContext listenerContext() {
    return delegate.listenerContext();
  }

  @Override
  public ExecutorService executor() {
    return delegate.executor();
  }

  @Override
  public Router router() {
    return delegate.router();
  }

  @Override
  public Optional<ProxyProtocolData> proxyProtocolData() {
    return delegate.proxyProtocolData();
  }

  @Override
  public HelidonSocket serverSocket() {
    return delegate.serverSocket();
  }

  @Override
  public PeerInfo remotePeer() {
    return delegate.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return delegate.localPeer();
  }

  @Override
  public boolean isSecure() {
    return delegate.isSecure();
  }

  @Override
  public String socketId() {
    return delegate.socketId();
  }

  @Override
  public String childSocketId() {
    return delegate.childSocketId();
  }
}
