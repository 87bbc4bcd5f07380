package io.matriarch.testkit;

import java.io.IOException;
import java.util.List;

/** The embedded cluster without processes: API server, controllers, simulated pods. */
public final class Embedded implements AutoCloseable {
    private final ApiServer api = new ApiServer();
    private final SimulatedPods pods = new SimulatedPods(api.store());
    private final List<Controller> controllers = List.of(
            new StatefulSets(api), new Claims(api.store()), new Budgets(api.store()), new Endpoints(api.store()), pods);

    public Embedded() throws IOException {
        controllers.forEach(Controller::start);
    }

    public ApiServer api() {
        return api;
    }

    public SimulatedPods pods() {
        return pods;
    }

    @Override
    public void close() {
        controllers.forEach(Controller::close);
        api.close();
    }
}
