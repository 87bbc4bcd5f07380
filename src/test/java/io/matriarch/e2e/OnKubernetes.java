package io.matriarch.e2e;

import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives each test a {@link Stage}, and prints what happened on it when the test fails. */
final class OnKubernetes implements BeforeAllCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(OnKubernetes.class);

    @Override
    public void beforeAll(ExtensionContext context) {
        Installation.ensure();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Stage.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        String name = context.getRequiredTestClass()
                .getSimpleName()
                .replace("E2E", "")
                .toLowerCase(java.util.Locale.ROOT);
        Stage stage = new Stage(
                "e2e-%s-%05x".formatted(name, ThreadLocalRandom.current().nextInt(1 << 20)));
        context.getStore(STORE).put(Stage.class, stage);
        return stage;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Stage stage = context.getStore(STORE).remove(Stage.class, Stage.class);
        if (stage == null) {
            return;
        }
        context.getExecutionException()
                .ifPresent(failure -> System.err.println("==== " + context.getDisplayName() + " failed: " + failure
                        + "\n==== evidence from " + stage.namespace() + stage.evidence()));
        stage.close();
    }
}
