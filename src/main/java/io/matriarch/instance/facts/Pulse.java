package io.matriarch.instance.facts;

/** What a probe of a primary came to. */
public enum Pulse {
    Good,
    /** Nobody new gets in. */
    NoConnection,
    /** A commit does not come back. */
    NoWrite
}
