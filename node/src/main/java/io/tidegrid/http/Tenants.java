package io.tidegrid.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.tidegrid.model.ErrorCode;
import io.tidegrid.model.TidegridException;
import java.util.Optional;
import java.util.regex.Pattern;

/** Whom a request speaks for. */
final class Tenants {

  static final HeaderName TENANT = HeaderNames.create("X-Tenant-ID");
  static final HeaderName SCOPE = HeaderNames.create("X-Scope-OrgID");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final String DEFAULT = "default";

  /** In place of the headers, for streams: browsers cannot set headers of them. */
  static final String PARAMETER = "tenant";

  private Tenants() {}

  /**
   * Returns the tenant of a stream: as {@link #of}, or from the parameter {@value #PARAMETER}.
   *
   * @throws TidegridException with {@link ErrorCode#BAD_TENANT}
   */
  static String ofStream(Optional<String> tenant, Optional<String> scope, Params params) {
    return of(tenant.or(() -> params.first(PARAMETER)), scope);
  }

  /**
   * Returns the tenant.
   *
   * @param tenant what X-Tenant-ID says
   * @param scope what X-Scope-OrgID says
   * @throws TidegridException with {@link ErrorCode#BAD_TENANT}
   */
  static String of(Optional<String> tenant, Optional<String> scope) {
    if (tenant.isPresent() && scope.isPresent() && !tenant.equals(scope)) {
      throw new TidegridException(
          ErrorCode.BAD_TENANT, "X-Tenant-ID and X-Scope-OrgID name two tenants; send one of them");
    }
    String name = tenant.or(() -> scope).orElse(DEFAULT);
    if (!NAME.matcher(name).matches()) {
      throw new TidegridException(
          ErrorCode.BAD_TENANT,
          "a tenant's name has 1 to 64 characters of A-Z a-z 0-9 . _ -; change the header "
              + (tenant.isPresent() ? "X-Tenant-ID" : "X-Scope-OrgID"));
    }
    return name;
  }
}
