package io.tidegrid.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The pages for people, and the API's description for tools. */
final class Pages {

  static final String HTML = "text/html; charset=utf-8";

  private static final byte[] ROOT = read("root.html");
  private static final byte[] DOCS = read("docs.html");
  private static final byte[] OPENAPI = read("openapi.json");

  private Pages() {}

  static void addTo(Router router) {
    Router.Endpoint openapi = exchange -> exchange.send(200, Json.MEDIA_TYPE, OPENAPI);
    router
        .get("/docs", exchange -> exchange.send(200, HTML, DOCS))
        .get("/openapi", openapi)
        .get("/openapi.json", openapi);
  }

  static byte[] root() {
    return ROOT.clone();
  }

  private static byte[] read(String name) {
    try (InputStream in = Pages.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + name + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
