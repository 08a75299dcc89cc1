package io.tidegrid.cli;

import io.tidegrid.node.ConfigException;
import io.tidegrid.node.Version;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code tidegrid}. */
@Command(
    name = "tidegrid",
    description = "A distributed, in-memory time-series node.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Versions.class,
    subcommands = {
      UpCommand.class,
      GenerateCommand.class,
      CheckConfigCommand.class,
      MigrateCommand.class,
      VersionCommand.class,
      RehearseCommand.class,
      HelpCommand.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {" 0:done", " 1:failed", " 2:wrong usage or configuration"})
public final class Main implements Runnable {

  /** The work was done. */
  static final int DONE = 0;

  /** The work failed. */
  static final int FAILED = 1;

  /** The work was not tried: the command line or the configuration is wrong. */
  static final int WRONG_USAGE = 2;

  @Spec private CommandSpec spec;

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    // Before anything logs: the JDK's manager would silence all loggers as soon as a signal comes.
    System.setProperty("java.util.logging.manager", KeepingLogManager.class.getName());
    int code = FAILED;
    try {
      code = commandLine().execute(args);
    } catch (Error failure) {
      // Threads of a half-started node would keep the process alive.
      System.getLogger(Main.class.getName())
          .log(System.Logger.Level.ERROR, "the node ends because of an error", failure);
    }
    System.exit(code);
  }

  /** Returns the command line, ready to execute. */
  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Main());
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setExecutionExceptionHandler((failure, command, parsed) -> {
      PrintWriter err = command.getErr();
      if (failure instanceof ConfigException config) {
        config.problems().forEach(problem -> err.println("tidegrid: " + problem));
        return WRONG_USAGE;
      }
      if (failure instanceof ParameterException usage) {
        return command.getParameterExceptionHandler().handleParseException(usage, args(parsed));
      }
      err.println("tidegrid: " + describe(failure));
      failure.printStackTrace(err);
      return FAILED;
    });
    commandLine.setParameterExceptionHandler((wrong, args) -> {
      PrintWriter err = wrong.getCommandLine().getErr();
      err.println("tidegrid: " + wrong.getMessage());
      CommandLine.UnmatchedArgumentException.printSuggestions(wrong, err);
      err.println("Try '" + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
      return WRONG_USAGE;
    });
    return commandLine;
  }

  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "a command is missing; 'tidegrid up' runs a node");
  }

  private static String[] args(CommandLine.ParseResult parsed) {
    return parsed.originalArgs().toArray(String[]::new);
  }

  private static String describe(Throwable failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  /** What {@code --version} prints. */
  static final class Versions implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {
        "tidegrid " + Version.text(),
        "Java " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")"
      };
    }
  }
}
