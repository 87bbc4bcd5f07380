package io.matriarch.operator;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import java.net.URL;
import org.slf4j.LoggerFactory;

/** Text or JSON lines, as the option says; logback.xml reads it from a variable. */
final class Logging {
    private Logging() {}

    static void use(OperatorCommand.LogFormat format) {
        System.setProperty("MATRIARCH_LOG_FORMAT", format.name());
        URL configuration = Logging.class.getResource("/logback.xml");
        if (configuration == null || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.reset();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        try {
            configurator.doConfigure(configuration);
        } catch (JoranException e) {
            context.getLogger(Logger.ROOT_LOGGER_NAME).error("logback.xml cannot be read: {}", e.getMessage());
        }
    }
}
