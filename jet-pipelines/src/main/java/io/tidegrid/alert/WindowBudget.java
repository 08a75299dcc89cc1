package io.tidegrid.alert;

/** How much memory the windows of a member may take, and take. Used by one thread. */
final class WindowBudget {

  private final long maxBytes;
  private long bytes;

  WindowBudget(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Takes memory, if there is so much. */
  boolean take(long more) {
    if (bytes + more > maxBytes) {
      return false;
    }
    bytes += more;
    return true;
  }

  void giveBack(long fewer) {
    bytes -= fewer;
  }

  long bytes() {
    return bytes;
  }
}
