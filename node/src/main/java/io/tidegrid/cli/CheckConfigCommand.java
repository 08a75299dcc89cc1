package io.tidegrid.cli;

import io.tidegrid.node.NodeConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tidegrid check-config}: what {@code up} would run with. */
@Command(
    name = "check-config",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    description = "Check the configuration that 'up' would run with and print it, secrets hidden.")
final class CheckConfigCommand implements Runnable {

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Override
  public void run() {
    NodeConfig config = options.load(System.getenv());
    config.warnings().forEach(text -> spec.commandLine().getErr().println("warning: " + text));
    spec.commandLine().getOut().print(config.describe());
    spec.commandLine().getOut().flush();
  }
}
