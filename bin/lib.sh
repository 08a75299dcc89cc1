# Shared by the scripts of this repository; to be sourced by bash.
# Finds a JDK and Maven, builds what is missing, and knows the flags a node runs with.

TIDEGRID_MIN_JAVA=25
TIDEGRID_HOME="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
TIDEGRID_TARGET="$TIDEGRID_HOME/node/target"

tidegrid_say() { printf 'tidegrid: %s\n' "$*" >&2; }

# Prints the feature version of the JDK in a directory, or nothing. Reads its release file, as
# starting each candidate would take longer than the node itself.
tidegrid_jdk_version() {
  local release="$1/release" line version=''
  [ -x "$1/bin/java" ] || return 0
  if [ -r "$release" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      case "$line" in JAVA_VERSION=*) version="${line#JAVA_VERSION=}"; version="${version//\"/}" ;; esac
    done <"$release"
  else
    version="$("$1/bin/java" -version 2>&1 | sed -n '1s/.*version "\([^"]*\)".*/\1/p')"
  fi
  version="${version#1.}"
  version="${version%%[!0-9]*}"
  printf '%s' "$version"
}

tidegrid_jdk_candidates() {
  local on_path dir
  [ -n "${JAVA_HOME:-}" ] && printf '%s\n' "$JAVA_HOME"
  on_path="$(command -v java 2>/dev/null)"
  if [ -n "$on_path" ]; then
    # Through the links of update-alternatives to the JDK itself.
    on_path="$(readlink -f "$on_path" 2>/dev/null || printf '%s' "$on_path")"
    printf '%s\n' "${on_path%/bin/java}"
  fi
  for dir in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/local/lib/jvm/* /usr/java/* /opt/* /opt/java/* \
    /opt/jdk/* /usr/local/* "${HOME:-/nonexistent}"/.sdkman/candidates/java/* \
    "${HOME:-/nonexistent}"/.jdks/* "${HOME:-/nonexistent}"/.asdf/installs/java/* \
    "${HOME:-/nonexistent}"/.local/share/mise/installs/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home \
    "${HOME:-/nonexistent}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /home/linuxbrew/.linuxbrew/opt/openjdk*/libexec; do
    [ -x "$dir/bin/java" ] && printf '%s\n' "$dir"
  done
  [ -x /usr/libexec/java_home ] && /usr/libexec/java_home -v "$TIDEGRID_MIN_JAVA+" 2>/dev/null
  return 0
}

# Sets and exports JAVA_HOME to a JDK (with a compiler) of the version needed; says what to install
# and returns 2 when there is none.
tidegrid_find_jdk() {
  local dir version seen=''
  while IFS= read -r dir; do
    version="$(tidegrid_jdk_version "$dir")"
    [ -n "$version" ] || continue
    if [ "$version" -ge "$TIDEGRID_MIN_JAVA" ] && [ -x "$dir/bin/javac" ]; then
      export JAVA_HOME="$dir"
      return 0
    fi
    seen="$seen
  $dir (Java $version$([ -x "$dir/bin/javac" ] || printf ', without a compiler'))"
  done <<EOF
$(tidegrid_jdk_candidates | awk '!seen[$0]++')
EOF
  tidegrid_say "no JDK $TIDEGRID_MIN_JAVA or newer was found."
  [ -n "$seen" ] && printf 'Found, but not fit:%s\n' "$seen" >&2
  cat >&2 <<EOF
Install one of these, or set JAVA_HOME to a JDK $TIDEGRID_MIN_JAVA:
  Debian, Ubuntu:  apt-get install openjdk-25-jdk-headless
                   (older releases: temurin-25-jdk, see https://adoptium.net/installation/linux)
  Fedora, RHEL:    dnf install java-25-openjdk-devel
  macOS:           brew install openjdk@25
  anywhere:        curl -s https://get.sdkman.io | bash; sdk install java 25-tem
EOF
  return 2
}

# Says what to install and returns 2 when Maven is missing.
tidegrid_find_maven() {
  command -v mvn >/dev/null 2>&1 && return 0
  tidegrid_say "Maven (mvn) was not found; it is needed to build."
  cat >&2 <<'EOF'
Install it:
  Debian, Ubuntu:  apt-get install maven
  Fedora, RHEL:    dnf install maven
  macOS:           brew install maven
  anywhere:        sdk install maven, or https://maven.apache.org/download.cgi
EOF
  return 2
}

# Prints one of the sources that changed after the last build, or nothing.
tidegrid_newer_source() {
  find "$TIDEGRID_HOME"/pom.xml "$TIDEGRID_HOME"/*/pom.xml "$TIDEGRID_HOME"/*/src/main \
    -newer "$TIDEGRID_TARGET/built" -type f -print 2>/dev/null | head -n 1
}

tidegrid_is_built() {
  [ -f "$TIDEGRID_TARGET/built" ] || return 1
  set -- "$TIDEGRID_TARGET"/tidegrid-node-*.jar
  [ -f "$1" ] && [ -d "$TIDEGRID_TARGET/lib" ] && [ -z "$(tidegrid_newer_source)" ]
}

# Builds the jars when they are missing or older than the sources. Two at a time would tread on each
# other, so the second waits.
tidegrid_build() {
  local lock="$TIDEGRID_HOME/.build.lock" holder status=0
  tidegrid_is_built && return 0
  tidegrid_find_maven || return 2
  until mkdir "$lock" 2>/dev/null; do
    holder="$(cat "$lock/pid" 2>/dev/null)"
    if [ ! -w "$TIDEGRID_HOME" ]; then
      tidegrid_say "$TIDEGRID_HOME is not writable, so nothing can be built there."
      return 1
    elif [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$lock"
    else
      sleep 1
    fi
  done
  echo $$ >"$lock/pid"
  trap 'rm -rf "$TIDEGRID_HOME/.build.lock"; exit 130' INT TERM
  if ! tidegrid_is_built; then
    tidegrid_say "building (the first time downloads the libraries) ..."
    mkdir -p "$TIDEGRID_TARGET"
    # Marked with the time before the build: what changes during it is newer.
    touch "$TIDEGRID_TARGET/building"
    rm -rf "$TIDEGRID_TARGET/lib" "$TIDEGRID_TARGET"/tidegrid-node-*.jar
    (cd "$TIDEGRID_HOME" && mvn -B -ntp -Dspotless.check.skip=true -DskipTests package) \
      >"$TIDEGRID_TARGET/build.log" 2>&1
    status=$?
    if [ "$status" -eq 0 ]; then
      mv "$TIDEGRID_TARGET/building" "$TIDEGRID_TARGET/built"
    else
      rm -f "$TIDEGRID_TARGET/building"
      grep -E -A 2 '^\[(WARNING|ERROR)' "$TIDEGRID_TARGET/build.log" | head -n 60 >&2
      tidegrid_say "the build failed; all it said is in $TIDEGRID_TARGET/build.log"
      status=1
    fi
  fi
  rm -rf "$lock"
  trap - INT TERM
  return "$status"
}

# Sets TIDEGRID_CLASSPATH. Always in the same order, as the ahead-of-time cache is bound to it.
tidegrid_classpath() {
  local jar
  TIDEGRID_CLASSPATH=''
  for jar in "$TIDEGRID_TARGET"/tidegrid-node-*.jar "$TIDEGRID_TARGET"/lib/*.jar; do
    case "$jar" in *-tests.jar | *-sources.jar | *-javadoc.jar) continue ;; esac
    TIDEGRID_CLASSPATH="${TIDEGRID_CLASSPATH:+$TIDEGRID_CLASSPATH:}$jar"
  done
}

tidegrid_cpus() {
  nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2
}

# Sets the array TIDEGRID_JVM_FLAGS.
tidegrid_jvm_flags() {
  local parallelism gc=-XX:+UseG1GC
  # Two collectors on one command line end the JVM.
  case " ${TIDEGRID_JAVA_OPTS:-}" in *' -XX:+Use'*GC*) gc='' ;; esac
  parallelism="$(tidegrid_cpus)"
  # With a common pool of one, every asynchronous completion starts a thread.
  [ "$parallelism" -ge 2 ] 2>/dev/null || parallelism=2
  TIDEGRID_JVM_FLAGS=(
    # What Hazelcast needs to be whole and quiet on this JDK.
    --add-modules=java.se
    --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED
    --add-opens=java.base/java.lang=ALL-UNNAMED
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
    --add-opens=java.management/sun.management=ALL-UNNAMED
    --add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED
    --sun-misc-unsafe-memory-access=allow
    --enable-native-access=ALL-UNNAMED
    "-Djava.util.concurrent.ForkJoinPool.common.parallelism=$parallelism"
    # Where the start for trial leaves them; unpacking them takes half of a first start.
    "-Dtidegrid.postgres.binaries=$TIDEGRID_TARGET/postgres-binaries"
    # Memory is what the node is for; the rest is for PostgreSQL and the page cache.
    -XX:MaxRAMPercentage=60
    ${gc:+"$gc"}
    # A node without memory serves nobody; another one takes over, or the supervisor restarts it.
    -XX:+ExitOnOutOfMemoryError
  )
}

# Runs the JVM with the given arguments, for so many seconds at most.
tidegrid_java_within() {
  local seconds="$1"
  shift
  if command -v timeout >/dev/null 2>&1; then
    timeout -k 5 "$seconds" "$JAVA_HOME/bin/java" "$@"
  else
    "$JAVA_HOME/bin/java" "$@"
  fi
}

# Makes the ahead-of-time cache, which more than halves the time of a start, by a start for trial.
# Sets TIDEGRID_AOT to the flag to use it, or to nothing. Must never keep a node from starting: the
# JVM ignores a cache that does not fit its flags, and TIDEGRID_AOT_FLAGS keep it from saying so.
TIDEGRID_AOT_FLAGS='-Xlog:aot*=off -Xlog:cds*=off -Xlog:class+path=off'
tidegrid_aot() {
  local cache="$TIDEGRID_TARGET/tidegrid.aot" stamp="$TIDEGRID_TARGET/tidegrid.aot.for" want got scratch log mode
  TIDEGRID_AOT=''
  [ -z "${TIDEGRID_NO_AOT:-}" ] || return 0
  want="$(cat "$JAVA_HOME/release" 2>/dev/null; printf '%s\n' "$TIDEGRID_CLASSPATH" \
    "${TIDEGRID_JVM_FLAGS[@]}"
    cksum "$TIDEGRID_TARGET"/tidegrid-*.jar "$TIDEGRID_TARGET"/lib/tidegrid-*.jar 2>/dev/null)"
  got="$(cat "$stamp" 2>/dev/null)"
  if [ "$want" != "$got" ]; then
    [ -w "$TIDEGRID_TARGET" ] || return 0
    tidegrid_say "preparing fast starts (once after a build) ..."
    rm -f "$cache"
    scratch="$(mktemp -d "${TMPDIR:-/tmp}/tidegrid-rehearsal.XXXXXX")" || return 0
    log="$TIDEGRID_TARGET/tidegrid.aot.log"
    : >"$log"
    # Where PostgreSQL cannot run, the classes of a node without it are better than none.
    for mode in embedded memory; do
      tidegrid_java_within 60 "${TIDEGRID_JVM_FLAGS[@]}" -XX:AOTMode=record \
        "-XX:AOTConfiguration=$cache.$$.config" "-XX:ErrorFile=$TIDEGRID_TARGET/tidegrid.aot.crash" \
        -cp "$TIDEGRID_CLASSPATH" io.tidegrid.cli.Main rehearse --storage "$mode" \
        --data-dir "$scratch/$mode" >>"$log" 2>&1 </dev/null
      [ -s "$cache.$$.config" ] && break
    done
    # A step of its own, because the JVM that assembles the cache has been seen to crash where the
    # next one, given the same, did not.
    for mode in first second; do
      [ -s "$cache.$$.config" ] || break
      tidegrid_java_within 60 "${TIDEGRID_JVM_FLAGS[@]}" -XX:AOTMode=create \
        "-XX:AOTConfiguration=$cache.$$.config" "-XX:AOTCache=$cache.$$" \
        "-XX:ErrorFile=$TIDEGRID_TARGET/tidegrid.aot.crash" \
        -cp "$TIDEGRID_CLASSPATH" >>"$log" 2>&1 </dev/null && [ -s "$cache.$$" ] && break
      rm -f "$cache.$$"
    done
    # Written aside and moved: another start may read it at the same time.
    if [ -s "$cache.$$" ]; then
      mv -f "$cache.$$" "$cache"
    else
      tidegrid_say "that did not work, starts will take a little longer; see $log"
    fi
    rm -rf "$cache.$$" "$cache.$$.config" "$scratch"
    # Also after a failure, or every start would try again.
    printf '%s\n' "$want" >"$stamp"
  fi
  if [ -s "$cache" ]; then
    TIDEGRID_AOT="-XX:AOTCache=$cache"
  fi
  return 0
}
