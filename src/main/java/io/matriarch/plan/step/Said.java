package io.matriarch.plan.step;

/** The content of a condition. */
public record Said(String status, String reason, String message) {
    public static Said yes(String reason, String message) {
        return new Said("True", reason, message);
    }

    public static Said no(String reason, String message) {
        return new Said("False", reason, message);
    }

    public static Said unknown(String reason, String message) {
        return new Said("Unknown", reason, message);
    }
}
