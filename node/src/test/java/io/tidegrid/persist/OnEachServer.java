package io.tidegrid.persist;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.AfterClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs all tests of a class once on each of {@link DatabaseServer#available}, by way of {@link
 * TestServer}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ClassTemplate
@ExtendWith(OnEachServer.Servers.class)
@interface OnEachServer {

  /** Gives JUnit one invocation of the class for each server. */
  final class Servers implements ClassTemplateInvocationContextProvider {

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
      return true;
    }

    @Override
    public Stream<? extends ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
        ExtensionContext context) {
      return DatabaseServer.available().stream().map(Invocation::new);
    }
  }

  /** The run on one server. */
  record Invocation(DatabaseServer server) implements ClassTemplateInvocationContext {

    @Override
    public String getDisplayName(int index) {
      return server.toString();
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
      BeforeClassTemplateInvocationCallback before = context -> TestServer.use(server);
      AfterClassTemplateInvocationCallback after =
          context -> TestServer.use(DatabaseServer.EMBEDDED);
      return List.of(before, after);
    }
  }
}
