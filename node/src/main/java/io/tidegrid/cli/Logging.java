package io.tidegrid.cli;

import io.tidegrid.node.LogFormat;
import io.tidegrid.node.LogLevel;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;

/**
 * Sends everything that is logged in this process, by the node and by its libraries, to standard
 * error in one form. All roads lead through java.util.logging: System.Logger, Hazelcast by its
 * logging type, HikariCP by SLF4J.
 */
final class Logging {

  /** Libraries that talk much about themselves; their warnings are enough unless debugging. */
  private static final List<String> TALKATIVE =
      List.of(
          "com.hazelcast",
          "com.zaxxer.hikari",
          "io.helidon",
          "io.zonky",
          "org.postgresql",
          "jdk.event.security");

  /**
   * Hazelcast warns when a lone member ends in the way meant for it: what had to be stored is, and
   * there is nobody to hand over to.
   */
  private static final String LONE_END = "Terminating forcefully";

  private static final String LONE_END_LOGGER = "com.hazelcast.instance.impl.Node";

  /**
   * Tells of each connection that broke, with a stack; in an outage that would hide the few lines
   * that say what is wrong.
   */
  private static final String BROKEN_CONNECTIONS = "com.zaxxer.hikari.pool.ProxyConnection";

  /** The JDK forgets the level of a logger that nobody holds. */
  private static final List<Logger> HELD = new ArrayList<>();

  private Logging() {}

  /** Replaces whatever was configured. */
  static synchronized void install(LogFormat format, LogLevel level) {
    if (System.getProperty("hazelcast.logging.type") == null) {
      System.setProperty("hazelcast.logging.type", "jdk");
    }
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    Handler handler = new ErrorStreamHandler();
    handler.setLevel(Level.ALL);
    handler.setFormatter(formatter(format));
    root.addHandler(handler);
    root.setLevel(level(level));
    HELD.clear();
    HELD.add(root);
    for (String name : TALKATIVE) {
      Logger logger = Logger.getLogger(name);
      logger.setLevel(libraryLevel(level));
      HELD.add(logger);
    }
    if (level != LogLevel.DEBUG && level != LogLevel.TRACE) {
      Logger connections = Logger.getLogger(BROKEN_CONNECTIONS);
      connections.setLevel(Level.SEVERE);
      HELD.add(connections);
    }
    Logger members = Logger.getLogger(LONE_END_LOGGER);
    members.setFilter(record ->
        level == LogLevel.TRACE
            || record.getMessage() == null
            || !record.getMessage().contains(LONE_END));
    HELD.add(members);
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
        System.getLogger(Logging.class.getName())
            .log(
                System.Logger.Level.ERROR,
                "The thread " + thread.getName() + " ended with an error.",
                failure));
  }

  /** Writes out what is buffered. */
  static void flush() {
    for (Handler handler : Logger.getLogger("").getHandlers()) {
      handler.flush();
    }
  }

  static Formatter formatter(LogFormat format) {
    return switch (format) {
      case CONSOLE -> new ConsoleFormatter(ZoneId.systemDefault());
      case JSON -> new JsonFormatter();
    };
  }

  private static Level level(LogLevel level) {
    return switch (level) {
      case ERROR -> Level.SEVERE;
      case WARN -> Level.WARNING;
      case INFO -> Level.INFO;
      case DEBUG -> Level.FINE;
      case TRACE -> Level.ALL;
    };
  }

  private static Level libraryLevel(LogLevel level) {
    return switch (level) {
      case ERROR -> Level.SEVERE;
      case WARN, INFO -> Level.WARNING;
      case DEBUG -> Level.INFO;
      case TRACE -> Level.ALL;
    };
  }

  /** Writes each record at once, past System.err, which others may replace or close. */
  private static final class ErrorStreamHandler extends StreamHandler {

    ErrorStreamHandler() {
      super(new FileOutputStream(FileDescriptor.err), new ConsoleFormatter(ZoneId.systemDefault()));
      try {
        setEncoding(StandardCharsets.UTF_8.name());
      } catch (java.io.UnsupportedEncodingException impossible) {
        throw new AssertionError(impossible);
      }
    }

    @Override
    public synchronized void publish(LogRecord record) {
      super.publish(record);
      flush();
    }
  }
}
