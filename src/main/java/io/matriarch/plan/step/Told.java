package io.matriarch.plan.step;

/**
 * An Event to write.
 *
 * @param type Normal or Warning
 */
public record Told(String type, String reason, String message) {
    public static Told normal(String reason, String message) {
        return new Told("Normal", reason, message);
    }

    public static Told warning(String reason, String message) {
        return new Told("Warning", reason, message);
    }
}
