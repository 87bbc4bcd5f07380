package io.matriarch.instance;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.instance.lease.LeaseKeeper;
import io.matriarch.instance.loop.Agent;
import io.matriarch.instance.postgres.LocalPostgres;
import io.matriarch.instance.postgres.Statistics.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The metrics of {@code /metrics}: PostgreSQL's and the agent's own. */
final class AgentMetrics {
    private final LocalPostgres postgres;
    private final Agent agent;
    private final LeaseKeeper lease;

    AgentMetrics(LocalPostgres postgres, Agent agent, LeaseKeeper lease) {
        this.postgres = postgres;
        this.agent = agent;
        this.lease = lease;
    }

    List<Sample> collect() {
        List<Sample> samples = new ArrayList<>(postgres.statistics());
        MemberReport report = agent.report();
        samples.add(new Sample(
                "matriarch_agent_role",
                "1 for the role that this member has",
                false,
                Map.of("role", report.role().name()),
                1));
        samples.add(new Sample(
                "matriarch_agent_state",
                "1 for what this member is doing",
                false,
                Map.of("state", report.state().name()),
                1));
        samples.add(new Sample(
                "matriarch_agent_epoch",
                "Epoch of the Lease that this member last saw",
                false,
                Map.of(),
                report.epoch()));
        samples.add(new Sample(
                "matriarch_agent_ready",
                "1 while clients may be sent here",
                false,
                Map.of(),
                agent.readiness().ready() ? 1 : 0));
        samples.add(new Sample(
                "matriarch_agent_lease_renewals_total",
                "Writes of the Lease that succeeded",
                true,
                Map.of(),
                lease.renewals()));
        samples.add(new Sample(
                "matriarch_agent_version",
                "1 for the version of the agent",
                false,
                Map.of("version", report.agent()),
                1));
        Runtime runtime = Runtime.getRuntime();
        samples.add(new Sample(
                "matriarch_agent_heap_bytes",
                "Heap of the agent in use",
                false,
                Map.of(),
                (double) runtime.totalMemory() - runtime.freeMemory()));
        return samples;
    }
}
