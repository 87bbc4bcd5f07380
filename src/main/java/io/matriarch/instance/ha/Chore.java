package io.matriarch.instance.ha;

/**
 * What may take hours and changes nothing that a failover, a hand-over or a synchronous change depends on. One at a time, beside the jobs. It must
 * bear that the server ends, starts or changes its role meanwhile: then it fails, and is decided again.
 */
public sealed interface Chore extends Task {
    /** Complete a checkpoint, so that others can be rewound to this timeline. */
    record Checkpoint() implements Chore {}
}
