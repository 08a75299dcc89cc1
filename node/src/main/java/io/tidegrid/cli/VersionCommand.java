package io.tidegrid.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code tidegrid version}. */
@Command(
    name = "version",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    description = "Print the version.")
final class VersionCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    for (String line : new Main.Versions().getVersion()) {
      spec.commandLine().getOut().println(line);
    }
  }
}
