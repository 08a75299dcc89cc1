package io.tidegrid.cli;

import io.tidegrid.node.NodeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The flags that set up a node, shared by the commands that need its configuration. */
final class ConfigOptions {

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with settings; also the variable TIDEGRID_CONFIG.")
  private Path config;

  @Option(names = "--http-host", paramLabel = "HOST", description = "Default: 127.0.0.1.")
  private String httpHost;

  @Option(names = "--http-port", paramLabel = "PORT", description = "Default: 8000; 0: a free one.")
  private String httpPort;

  @Option(names = "--grid-port", paramLabel = "PORT", description = "Default: 5701; 0: a free one.")
  private String gridPort;

  @Option(
      names = "--join",
      paramLabel = "HOST:PORT,...",
      description = "Members of the cluster to join.")
  private List<String> join = List.of();

  @Option(names = "--cluster-name", paramLabel = "NAME", description = "Default: tidegrid.")
  private String clusterName;

  @Option(names = "--data-dir", paramLabel = "DIR", description = "Default: ./data.")
  private String dataDir;

  @Option(
      names = "--storage",
      paramLabel = "MODE",
      description = "embedded (default): a PostgreSQL in the data directory. memory: none.")
  private String storage;

  @Option(
      names = "--database-url",
      paramLabel = "URL",
      description = "Use this PostgreSQL: jdbc:postgresql://host:port/database.")
  private String databaseUrl;

  @Option(names = "--database-user", paramLabel = "USER", description = "Wins over the URL's.")
  private String databaseUser;

  @Option(
      names = "--database-password",
      paramLabel = "PASSWORD",
      description =
          "Others on this machine can see it in the list of processes; TIDEGRID_DATABASE_PASSWORD"
              + " or TIDEGRID_DATABASE_PASSWORD_FILE keep it to yourself.")
  private String databasePassword;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set any configuration key; repeatable.")
  private List<String> settings = List.of();

  /**
   * Reads flags, environment and file.
   *
   * @throws io.tidegrid.node.ConfigException when they cannot be used
   */
  NodeConfig load(Map<String, String> environment) {
    NodeConfig.Builder builder = NodeConfig.builder().environment(environment);
    if (config != null) {
      builder.file(config);
    } else if (!environment.getOrDefault("TIDEGRID_CONFIG", "").isBlank()) {
      builder.file(Path.of(environment.get("TIDEGRID_CONFIG")));
    }
    flag(builder, "http.host", httpHost, "--http-host");
    flag(builder, "http.port", httpPort, "--http-port");
    flag(builder, "grid.port", gridPort, "--grid-port");
    flag(builder, "grid.join", String.join(",", join), "--join");
    flag(builder, "grid.cluster-name", clusterName, "--cluster-name");
    flag(builder, "data-dir", dataDir, "--data-dir");
    flag(builder, "storage", storage, "--storage");
    flag(builder, "database.url", databaseUrl, "--database-url");
    flag(builder, "database.user", databaseUser, "--database-user");
    flag(builder, "database.password", databasePassword, "--database-password");
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new ParameterException(
            command.commandLine(), "--set wants key=value, not \"" + setting + "\"");
      }
      builder.set(setting.substring(0, equals).strip(), setting.substring(equals + 1), "--set");
    }
    return builder.build();
  }

  private static void flag(NodeConfig.Builder builder, String key, String value, String flag) {
    if (value != null) {
      builder.set(key, value, flag);
    }
  }
}
