package io.matriarch.playground;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Objects;

/** Why a playground cannot start: one line, in the visitor's terms, with what to do. The program ends with exit code 2. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
        super(message);
    }

    private Refusal(String message, Exception cause) {
        super(message, cause);
    }

    /** The API server cannot have this port of 127.0.0.1. */
    static Refusal port(int port, BindException cause) {
        boolean forbidden = Objects.toString(cause.getMessage(), "").contains("Permission denied");
        return new Refusal(
                "port %d of 127.0.0.1 is %s: choose another with --port"
                        .formatted(port, forbidden ? "for root only" : "in use"),
                cause);
    }

    /** The machine refused something; a file's name alone, as Java gives it, tells a visitor nothing. */
    static Refusal because(IOException cause) {
        String what = switch (cause) {
            case AccessDeniedException denied -> "no permission for " + denied.getFile();
            case FileSystemException file
            when file.getReason() == null ->
                "%s: %s".formatted(file.getFile(), file.getClass().getSimpleName());
            default -> Objects.requireNonNullElse(cause.getMessage(), cause.toString());
        };
        return new Refusal(what, cause);
    }
}
