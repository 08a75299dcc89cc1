package io.tidegrid.cli;

import io.tidegrid.node.DatabaseWork;
import io.tidegrid.node.NodeConfig;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tidegrid migrate}: brings a database to the schema of this version. */
@Command(
    name = "migrate",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    description =
        "Apply the schema scripts that a database lacks, as a node does when it starts, and show"
            + " what retention would drop.")
final class MigrateCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Option(names = "--dry-run", description = "Change nothing, only say what would be done.")
  private boolean dryRun;

  @Override
  public Integer call() {
    NodeConfig config = options.load(System.getenv());
    if (config.databaseUrl().isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "migrate needs --database-url; a node migrates its embedded database by itself");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    boolean done = DatabaseWork.migrate(config, dryRun, out::println, err::println);
    out.flush();
    err.flush();
    return done ? Main.DONE : Main.FAILED;
  }
}
