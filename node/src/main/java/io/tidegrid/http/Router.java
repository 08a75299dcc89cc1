package io.tidegrid.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds what answers a path. Templates have parameters in braces, each one whole segment. A slash
 * at the end makes no difference. Built once, then only read.
 */
final class Router {

  /** Answers a request. */
  @FunctionalInterface
  interface Endpoint {
    void answer(Exchange exchange) throws IOException;
  }

  /**
   * All that is answered at a path.
   *
   * @param template the path with parameters in braces, also the path in metrics
   * @param endpoints by method
   */
  record Route(String template, Map<String, Endpoint> endpoints) {
    /** Returns the methods for an Allow header. */
    String allow() {
      List<String> methods = new ArrayList<>(endpoints.keySet());
      if (endpoints.containsKey("GET")) {
        methods.add("HEAD");
      }
      methods.add("OPTIONS");
      return String.join(", ", methods);
    }
  }

  /**
   * A found route.
   *
   * @param route what is answered at the path
   * @param parameters the decoded values of the template's parameters, in order
   */
  record Match(Route route, List<String> parameters) {}

  private final Map<String, Route> fixed = new HashMap<>();
  private final Map<String, Route> templated = new LinkedHashMap<>();

  Router get(String template, Endpoint endpoint) {
    return add("GET", template, endpoint);
  }

  Router post(String template, Endpoint endpoint) {
    return add("POST", template, endpoint);
  }

  Router put(String template, Endpoint endpoint) {
    return add("PUT", template, endpoint);
  }

  Router delete(String template, Endpoint endpoint) {
    return add("DELETE", template, endpoint);
  }

  private Router add(String method, String template, Endpoint endpoint) {
    Map<String, Route> table = template.indexOf('{') < 0 ? fixed : templated;
    table
        .computeIfAbsent(template, t -> new Route(t, new LinkedHashMap<>()))
        .endpoints()
        .put(method, endpoint);
    return this;
  }

  /** Returns the templates of all paths, each with the methods that are answered there. */
  Map<String, Set<String>> paths() {
    Map<String, Set<String>> paths = new TreeMap<>();
    for (Map<String, Route> table : List.of(fixed, templated)) {
      table.forEach(
          (template, route) -> paths.put(template, new TreeSet<>(route.endpoints().keySet())));
    }
    return paths;
  }

  /** Returns the route of a path as it came in the request line, without its query. */
  Optional<Match> find(String rawPath) {
    String path =
        rawPath.length() > 1 && rawPath.endsWith("/")
            ? rawPath.substring(0, rawPath.length() - 1)
            : rawPath;
    Route exact = fixed.get(path);
    if (exact != null) {
      return Optional.of(new Match(exact, List.of()));
    }
    String[] segments = path.split("/", -1);
    for (Route route : templated.values()) {
      Optional<List<String>> parameters = match(route.template().split("/", -1), segments);
      if (parameters.isPresent()) {
        return Optional.of(new Match(route, parameters.get()));
      }
    }
    return Optional.empty();
  }

  private static Optional<List<String>> match(String[] template, String[] segments) {
    if (template.length != segments.length) {
      return Optional.empty();
    }
    List<String> parameters = new ArrayList<>(1);
    for (int i = 0; i < template.length; i++) {
      if (template[i].startsWith("{")) {
        if (segments[i].isEmpty()) {
          return Optional.empty();
        }
        parameters.add(Params.decode(segments[i], false));
      } else if (!template[i].equals(segments[i])) {
        return Optional.empty();
      }
    }
    return Optional.of(parameters);
  }
}
