package io.matriarch.instance.loop;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Job;
import io.matriarch.instance.ha.Observation.Failure;
import io.matriarch.instance.ha.Task;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What failed, by kind of task, so that retries become ever rarer. A start counts as successful only once the server has served for a while: a
 * server that comes up and ends again and again is also restarted ever more rarely, except the first time.
 */
public final class Failures {
    private static final Duration STABLE = Duration.ofSeconds(60);

    private final List<Failure> list = new ArrayList<>();
    private int deaths;
    private int rewound;

    /** The failures, the newest first. */
    synchronized List<Failure> list() {
        return List.copyOf(list);
    }

    /**
     * A task ended.
     *
     * @param settings with which it was done: with other settings it may be tried again at once
     */
    synchronized void ended(Task job, Optional<Problem> problem, Duration now, @Nullable String settings) {
        if (problem.isPresent()) {
            failed(job, problem.get(), now, settings);
        } else if (starts(job)) {
            // The server serves: failures on the way here no longer matter. But a replica whose data diverged serves
            // between two attempts to rewind it.
            boolean replica = job instanceof Job.StartReplica;
            list.removeIf(failure -> !(failure.task() instanceof Job.SetPasswords)
                    && !starts(failure.task())
                    && !(replica && failure.task() instanceof Job.Rewind));
        } else if (job instanceof Job.Discard) {
            list.removeIf(failure -> failure.task() instanceof Job.Discard || failure.task() instanceof Job.Rewind);
        } else {
            if (job instanceof Job.Rewind) {
                // The data is different now: that the former data did not start says nothing about it. The number of
                // failed starts still counts.
                rewound = Math.max(rewound, attempts(new Job.StartReplica(null)));
                list.removeIf(failure -> failure.task() instanceof Job.StartReplica);
            }
            list.removeIf(failure -> same(failure.task(), job));
        }
    }

    /** PostgreSQL, which this job had started, ended by itself. */
    synchronized void died(Job start, String words, Duration now, @Nullable String settings) {
        deaths++;
        if (deaths > 1) {
            failed(
                    start,
                    new Problem(Problem.Reason.PostgresEnded, "PostgreSQL ended by itself: " + words),
                    now,
                    settings);
        }
    }

    /** PostgreSQL has accepted connections for this long. */
    synchronized void serving(Duration since) {
        if (since.compareTo(STABLE) > 0) {
            deaths = 0;
            rewound = 0;
            list.removeIf(failure -> starts(failure.task()) || failure.task() instanceof Job.Rewind);
        }
    }

    private void failed(Task job, Problem problem, Duration now, @Nullable String settings) {
        int before = Math.max(attempts(job), job instanceof Job.StartReplica ? rewound : 0);
        list.removeIf(failure -> same(failure.task(), job));
        list.add(new Failure(job, before + 1, now, settings, problem));
        list.sort(Comparator.comparing(Failure::at).reversed());
    }

    private int attempts(Task job) {
        return list.stream()
                .filter(failure -> same(failure.task(), job))
                .mapToInt(Failure::attempts)
                .findFirst()
                .orElse(0);
    }

    private static boolean same(Task one, Task other) {
        return one.getClass() == other.getClass();
    }

    private static boolean starts(Task task) {
        return task instanceof Job job && job.starts();
    }
}
