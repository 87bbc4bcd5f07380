package io.matriarch.playground;

/** Why a playground cannot start: one line, in the visitor's terms, with what to do. The program ends with exit code 2. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
        super(message);
    }
}
