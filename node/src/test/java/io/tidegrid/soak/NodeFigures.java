package io.tidegrid.soak;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Reads what a node says of itself at /metrics, and what Linux says of it and its PostgreSQL. */
final class NodeFigures {

  private static final double MEGABYTE = 1 << 20;

  /** What Linux counts in, on every architecture that Java runs on. */
  private static final double TICKS_PER_SECOND = 100;

  private final HttpClient client;
  private final URI node;
  private final OptionalLong pid;
  private final Optional<Path> dataDirectory;
  private Map<String, Double> meters = Map.of();

  /**
   * @param pid the node's process; when empty, the only process on this machine that runs a node
   * @param dataDirectory the node's data directory, for its embedded PostgreSQL
   */
  NodeFigures(HttpClient client, URI node, OptionalLong pid, Optional<Path> dataDirectory) {
    this.client = client;
    this.node = node;
    this.pid = pid.isPresent() ? pid : onlyNode();
    this.dataDirectory = dataDirectory;
  }

  private static OptionalLong onlyNode() {
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      List<Long> found =
          processes
              .filter(process ->
                  process.info().arguments().stream()
                      .flatMap(Stream::of)
                      .anyMatch("io.tidegrid.cli.Main"::equals))
              .map(ProcessHandle::pid)
              .toList();
      return found.size() == 1 ? OptionalLong.of(found.getFirst()) : OptionalLong.empty();
    }
  }

  /** Reads the meters anew; after a failure the old ones are gone. */
  void refresh() throws InterruptedException {
    Map<String, Double> read = new HashMap<>();
    try {
      HttpRequest request =
          HttpRequest.newBuilder(node.resolve("/metrics")).timeout(Duration.ofSeconds(10)).build();
      String text = client.send(request, BodyHandlers.ofString()).body();
      for (String line : text.lines().toList()) {
        int space = line.lastIndexOf(' ');
        if (!line.startsWith("#") && space > 0) {
          int brace = line.indexOf('{');
          boolean heap = line.contains("area=\"heap\"");
          String name = line.substring(0, brace < 0 ? space : brace) + (heap ? ":heap" : "");
          read.merge(name, Double.parseDouble(line.substring(space + 1)), Double::sum);
        }
      }
    } catch (IOException e) {
      read.clear();
    }
    meters = Map.copyOf(read);
  }

  /** Returns the sum of a meter over its labels; empty when the node has no such meter. */
  OptionalDouble meter(String name) {
    Double value = meters.get(name);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  OptionalDouble meterMegabytes(String name) {
    return scaled(meter(name), MEGABYTE);
  }

  private static OptionalDouble scaled(OptionalDouble value, double by) {
    return value.isPresent() ? OptionalDouble.of(value.getAsDouble() / by) : value;
  }

  /** Returns the resident memory of the node in MiB. */
  OptionalDouble residentMegabytes() {
    if (pid.isEmpty()) {
      return OptionalDouble.empty();
    }
    try (Stream<String> lines = Files.lines(process(pid.getAsLong()).resolve("status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024.0)
          .findFirst();
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }

  /** Returns the processor time of the node so far in seconds. */
  OptionalDouble nodeCpuSeconds() {
    return pid.isEmpty()
        ? OptionalDouble.empty()
        : scaled(ticks(pid.getAsLong()), TICKS_PER_SECOND);
  }

  /**
   * Returns the processor time of the embedded PostgreSQL so far in seconds, ended backends too.
   */
  OptionalDouble postgresCpuSeconds() {
    Optional<Path> file = dataDirectory.map(d -> d.resolve("postgres/postmaster.pid"));
    if (file.isEmpty()) {
      return OptionalDouble.empty();
    }
    try {
      long postmaster = Long.parseLong(Files.readAllLines(file.get()).getFirst().strip());
      double sum = ticks(postmaster).orElse(0);
      try (Stream<ProcessHandle> children =
          ProcessHandle.of(postmaster).stream().flatMap(ProcessHandle::children)) {
        sum += children.mapToDouble(child -> ticks(child.pid()).orElse(0)).sum();
      }
      return OptionalDouble.of(sum / TICKS_PER_SECOND);
    } catch (IOException | NumberFormatException e) {
      return OptionalDouble.empty();
    }
  }

  private static Path process(long pid) {
    return Path.of("/proc", Long.toString(pid));
  }

  private static OptionalDouble ticks(long pid) {
    try {
      String stat = Files.readString(process(pid).resolve("stat"));
      // The name may hold blanks; what follows it begins with the state, the third field.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      long ticks = 0;
      for (int i = 11; i <= 14; i++) {
        ticks += Long.parseLong(fields[i]);
      }
      return OptionalDouble.of((double) ticks);
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }

  /** Returns the size of the embedded PostgreSQL's data files, without its log, in MiB. */
  OptionalDouble dataMegabytes() throws IOException {
    return directoryMegabytes("postgres/base");
  }

  /** Returns the size of the embedded PostgreSQL's write-ahead log in MiB. */
  OptionalDouble logMegabytes() throws IOException {
    return directoryMegabytes("postgres/pg_wal");
  }

  private OptionalDouble directoryMegabytes(String name) throws IOException {
    Optional<Path> directory = dataDirectory.map(d -> d.resolve(name)).filter(Files::isDirectory);
    if (directory.isEmpty()) {
      return OptionalDouble.empty();
    }
    AtomicLong bytes = new AtomicLong();
    Files.walkFileTree(
        directory.get(),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            bytes.addAndGet(attributes.size());
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException gone) {
            return FileVisitResult.CONTINUE;
          }
        });
    return OptionalDouble.of(bytes.get() / MEGABYTE);
  }
}
