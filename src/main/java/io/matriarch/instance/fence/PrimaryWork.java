package io.matriarch.instance.fence;

import io.matriarch.instance.ha.Job;
import java.util.Optional;

/** The work that makes PostgreSQL a primary, as far as whoever ends that primary must know of it. */
public interface PrimaryWork {
    /** The job that makes, or made, PostgreSQL a primary: from before its first process until after its last one. */
    Optional<Job> primary();

    /** The job that is being done. */
    Optional<Job> running();

    /** Interrupts this job, if it is the one that runs; it ends as failed. */
    void cancel(Job job);

    /** Every process that this job led to is dead, and it makes no more of them. */
    void primaryIsGone(Job start);

    /** Does something while there is no primary, and none begins. */
    void withoutPrimary(Runnable what);
}
