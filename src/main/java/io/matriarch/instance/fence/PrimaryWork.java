package io.matriarch.instance.fence;

import io.matriarch.instance.ha.Job;
import java.util.Optional;

/** The work that makes PostgreSQL a primary, as far as the code that ends that primary must know it. */
public interface PrimaryWork {
    /** The job that makes, or made, PostgreSQL a primary: present from before its first process until after its last one. */
    Optional<Job> primary();

    /** The job that is running. */
    Optional<Job> running();

    /** Interrupts this job, if it is running; it then ends as failed. */
    void cancel(Job job);

    /** Reports that every process this job led to is dead, and that the job creates no more of them. */
    void primaryIsGone(Job start);

    /** Runs this only if there is no primary, and lets none begin meanwhile. */
    void withoutPrimary(Runnable what);
}
