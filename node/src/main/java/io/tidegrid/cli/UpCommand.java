package io.tidegrid.cli;

import io.tidegrid.node.LogFormat;
import io.tidegrid.node.NodeConfig;
import io.tidegrid.node.TidegridNode;
import io.tidegrid.node.Version;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tidegrid up}: runs a node until a signal ends it. */
@Command(
    name = "up",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    description = "Run a node in the foreground. SIGTERM or Ctrl-C ends it.",
    footer = "%nEvery setting is in docs/configuration.md; flag > environment > file > default.")
final class UpCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Override
  public Integer call() throws InterruptedException {
    NodeConfig config = options.load(System.getenv());
    Logging.install(config.logFormat(), config.logLevel());
    Logger logger = System.getLogger(UpCommand.class.getName());
    config.warnings().forEach(warning -> logger.log(Level.WARNING, warning));

    NodeLifetime lifetime = NodeLifetime.begin(config.shutdownGrace());
    TidegridNode node;
    try {
      node = TidegridNode.start(config);
    } catch (RuntimeException | Error failure) {
      lifetime.failed();
      throw failure;
    }
    lifetime.started(node::closeCleanly);
    announce(node, config, logger);
    node.awaitTermination();
    if (lifetime.ended()) {
      return Main.DONE;
    }
    logger.log(Level.ERROR, "The node has stopped by itself.");
    return Main.FAILED;
  }

  private void announce(TidegridNode node, NodeConfig config, Logger logger) {
    if (config.logFormat() == LogFormat.JSON) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("version", Version.text());
      fields.put("http_api", node.httpUri());
      fields.put("grid", node.gridAddress());
      fields.put("cluster", config.gridClusterName());
      fields.put("storage", config.storage().name().toLowerCase(Locale.ROOT));
      logger.log(Level.INFO, "The node is ready.", fields);
      return;
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(node.summary());
    out.flush();
  }
}
