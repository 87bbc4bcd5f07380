package io.matriarch.instance.facts;

/** The result of probing a primary. */
public enum Pulse {
    Good,
    /** It accepts no new connection. */
    NoConnection,
    /** A commit does not return. */
    NoWrite
}
