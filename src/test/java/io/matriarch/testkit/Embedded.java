package io.matriarch.testkit;

import java.io.IOException;

/** The embedded cluster without processes: API server, StatefulSets, simulated pods. */
public final class Embedded implements AutoCloseable {
    private final ApiServer api = new ApiServer();
    private final StatefulSets statefulSets = new StatefulSets(api.store());
    private final SimulatedPods pods = new SimulatedPods(api.store());

    public Embedded() throws IOException {
        statefulSets.start();
        pods.start();
    }

    public ApiServer api() {
        return api;
    }

    public SimulatedPods pods() {
        return pods;
    }

    @Override
    public void close() {
        statefulSets.close();
        pods.close();
        api.close();
    }
}
