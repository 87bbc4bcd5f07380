package io.matriarch.instance.ha;

/**
 * A task that may take hours, and that changes nothing which a failover, a hand-over or a change of synchronous replication depends on. One chore
 * runs at a time, beside the jobs. A chore must tolerate that the server ends, starts or changes its role meanwhile: it then fails, and the
 * protocol decides again.
 */
public sealed interface Chore extends Task {
    /** Complete a checkpoint, so that other members can be rewound to this timeline. */
    record Checkpoint() implements Chore {}
}
