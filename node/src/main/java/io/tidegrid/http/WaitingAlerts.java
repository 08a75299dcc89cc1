package io.tidegrid.http;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Announcements that wait to be written to one client, bounded in number and bytes. None is ever
 * left out: a client for which there is no room is to be cut. Guarded by its owner's lock.
 */
final class WaitingAlerts {

  private final int maxMessages;
  private final long maxBytes;
  private final Deque<byte[]> messages = new ArrayDeque<>();
  private long bytes;

  WaitingAlerts(int maxMessages, long maxBytes) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  /** Adds a message; false when there is no room. One alone always has room. */
  boolean add(byte[] message) {
    if (!messages.isEmpty()
        && (messages.size() >= maxMessages || bytes + message.length > maxBytes)) {
      return false;
    }
    messages.add(message);
    bytes += message.length;
    return true;
  }

  boolean isEmpty() {
    return messages.isEmpty();
  }

  /** Takes the first messages, at least one if there is any, until they have so many bytes. */
  List<byte[]> take(int enough) {
    List<byte[]> taken = new ArrayList<>();
    long takenBytes = 0;
    while (!messages.isEmpty() && takenBytes < enough) {
      byte[] message = messages.remove();
      taken.add(message);
      takenBytes += message.length;
    }
    bytes -= takenBytes;
    return taken;
  }

  void clear() {
    messages.clear();
    bytes = 0;
  }
}
