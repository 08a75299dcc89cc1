package io.tidegrid;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The sources of all modules, for rules that class files cannot tell. */
final class SourceTree {

  private SourceTree() {}

  /** Tells whether a module has a package-info for the package. */
  static boolean hasPackageInfo(String packageName) {
    String inside = "src/main/java/" + packageName.replace('.', '/') + "/package-info.java";
    return Stream.of("client", "jet-pipelines", "node")
        .anyMatch(module -> Files.exists(Path.of("..").resolve(module).resolve(inside)));
  }
}
