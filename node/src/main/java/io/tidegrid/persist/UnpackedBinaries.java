package io.tidegrid.persist;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * PostgreSQL's programs as an earlier start unpacked them. To unpack them takes about half of a
 * first start; to copy them a tenth of a second. Each data directory has its own, because a server
 * needs them as long as it runs, and those of the build may be made anew meanwhile.
 */
final class UnpackedBinaries {

  /** The system property with the directory where unpacked programs are left and looked for. */
  static final String PROPERTY = "tidegrid.postgres.binaries";

  private static final System.Logger LOG = System.getLogger(UnpackedBinaries.class.getName());

  private UnpackedBinaries() {}

  /** Copies what an earlier start left, unless there are programs already. Never fails. */
  static void copyTo(Path directory) {
    shared().filter(Files::isDirectory).ifPresent(from -> copy(from, directory));
  }

  /** Leaves what this start unpacked for later ones, unless one has. Never fails. */
  static void leave(Path directory) {
    shared().ifPresent(to -> copy(directory, to));
  }

  private static Optional<Path> shared() {
    return Optional.of(System.getProperty(PROPERTY, ""))
        .filter(text -> !text.isEmpty())
        .map(Path::of);
  }

  private static void copy(Path from, Path to) {
    if (Files.exists(to)) {
      return;
    }
    // Written aside and moved, as others may do the same at the same time.
    Path aside = to.resolveSibling(to.getFileName() + "." + ProcessHandle.current().pid());
    try {
      copyTree(from.toRealPath(), aside);
      Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "unpacked programs were not copied to " + to, e);
      deleteQuietly(aside);
    }
  }

  private static void deleteQuietly(Path directory) {
    try {
      EmbeddedDatabase.deleteTree(directory);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a copy of programs was not removed", e);
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(dir)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(
                file,
                to.resolve(from.relativize(file)),
                StandardCopyOption.COPY_ATTRIBUTES,
                LinkOption.NOFOLLOW_LINKS);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
