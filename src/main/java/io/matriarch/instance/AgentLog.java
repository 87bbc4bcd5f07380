package io.matriarch.instance;

import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The agent's log on standard error: one line per event, with the cluster's name in each line, as text or JSON ({@code MATRIARCH_LOG_FORMAT}). */
final class AgentLog extends Formatter {

    private final String cluster;
    private final boolean json;

    private AgentLog(String cluster, boolean json) {
        this.cluster = cluster;
        this.json = json;
    }

    static void configure(String cluster) {
        boolean json =
                System.getenv().getOrDefault("MATRIARCH_LOG_FORMAT", "TEXT").equals("JSON");
        Logger root = Logger.getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        Handler console = new ConsoleHandler();
        console.setFormatter(new AgentLog(cluster, json));
        console.setLevel(Level.ALL);
        root.addHandler(console);
        root.setLevel(Level.INFO);
        Logger.getLogger("io.matriarch").setLevel(level(System.getenv().getOrDefault("MATRIARCH_LOG_LEVEL", "INFO")));
    }

    private static Level level(String name) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "ERROR" -> Level.SEVERE;
            case "WARN" -> Level.WARNING;
            case "DEBUG" -> Level.FINE;
            case "TRACE" -> Level.FINEST;
            default -> Level.INFO;
        };
    }

    @Override
    public String format(LogRecord event) {
        String level = level(event.getLevel());
        String logger = Objects.requireNonNullElse(event.getLoggerName(), "");
        String name = logger.substring(logger.lastIndexOf('.') + 1);
        String trace = trace(event.getThrown());
        if (json) {
            Map<String, String> line = new LinkedHashMap<>();
            line.put("time", event.getInstant().toString());
            line.put("level", level);
            line.put("cluster", cluster);
            line.put("logger", name);
            line.put("message", event.getMessage());
            if (!trace.isEmpty()) {
                line.put("exception", trace);
            }
            try {
                return Json.text(line) + "\n";
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return event.getInstant() + " " + level + " " + cluster + " " + name + ": " + event.getMessage() + "\n" + trace;
    }

    private static String level(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "WARN";
        }
        return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
    }

    private static String trace(@org.jspecify.annotations.Nullable Throwable thrown) {
        if (thrown == null) {
            return "";
        }
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
