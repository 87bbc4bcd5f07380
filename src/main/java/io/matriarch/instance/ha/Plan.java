package io.matriarch.instance.ha;

import io.matriarch.api.contract.Problem;
import io.matriarch.instance.ha.Decision.LeaseWish;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a member wants: a {@link Decision} before it is known whether the job may start now. */
record Plan(
        Optional<Job> job,
        Optional<Chore> chore,
        LeaseWish lease,
        Optional<Problem> problem,
        boolean exit,
        List<Ask> asks,
        Optional<String> kill) {
    static Plan watch() {
        return lease(new LeaseWish.Watch());
    }

    static Plan lease(LeaseWish lease) {
        return new Plan(
                Optional.empty(), Optional.empty(), lease, Optional.empty(), false, List.of(), Optional.empty());
    }

    static Plan job(Job job, LeaseWish lease) {
        return lease(lease).with(job);
    }

    static Plan problem(Problem problem) {
        return watch().with(problem);
    }

    Plan with(Job next) {
        return new Plan(Optional.of(next), chore, lease, problem, exit, asks, kill);
    }

    /** This plan with that job, unless it has one already. */
    Plan or(Optional<Job> next) {
        return new Plan(job.or(() -> next), chore, lease, problem, exit, asks, kill);
    }

    /** This plan with that chore, beside whatever job it has. */
    Plan beside(Optional<Chore> next) {
        return new Plan(job, next, lease, problem, exit, asks, kill);
    }

    /** This plan with what another plan wants besides; this plan's wish for the Lease holds. */
    Plan and(Plan other) {
        List<Ask> all = new ArrayList<>(asks);
        all.addAll(other.asks);
        return new Plan(
                job.or(() -> other.job),
                chore.or(() -> other.chore),
                lease,
                problem.or(() -> other.problem),
                exit,
                all,
                kill);
    }

    Plan with(LeaseWish next) {
        return new Plan(job, chore, next, problem, exit, asks, kill);
    }

    Plan with(Problem next) {
        return new Plan(job, chore, lease, Optional.of(next), exit, asks, kill);
    }

    Plan with(Ask ask) {
        List<Ask> all = new ArrayList<>(asks);
        all.add(ask);
        return new Plan(job, chore, lease, problem, exit, all, kill);
    }

    Plan killing(String why) {
        return new Plan(Optional.empty(), Optional.empty(), lease, problem, exit, asks, Optional.of(why));
    }

    Plan exiting(boolean over) {
        return new Plan(job, chore, lease, problem, over, asks, kill);
    }
}
