package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;
import java.time.Duration;

/** Waits between two attempts; if interrupted, the waiting job fails. */
final class Pause {
    private Pause() {}

    /**
     * @param what was being awaited, as in "interrupted while …"
     */
    static void of(Duration time, String what) throws PostgresException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PostgresException(new Problem(Problem.Reason.Interrupted, "interrupted while " + what), e);
        }
    }
}
