package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Problem;

/** PostgreSQL or its volume refused something; the problem says so in the user's terms. */
public final class PostgresException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    public PostgresException(Problem problem) {
        super(problem.reason() + ": " + problem.message());
        this.problem = problem;
    }

    public PostgresException(Problem problem, Throwable cause) {
        super(problem.reason() + ": " + problem.message(), cause);
        this.problem = problem;
    }

    public Problem problem() {
        return problem;
    }
}
