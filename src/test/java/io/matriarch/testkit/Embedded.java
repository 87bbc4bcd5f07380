package io.matriarch.testkit;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The embedded cluster without processes: API server, controllers, and pods that are simulated unless somebody else's nodes run them. */
public final class Embedded implements AutoCloseable {
    private final ApiServer api;
    private final SimulatedPods pods;
    private final ShiftedClock clock = new ShiftedClock();
    private final VolumeCopier copier = new VolumeCopier();
    private final List<Controller> controllers;

    public Embedded() throws IOException {
        this(true, 0);
    }

    /** @param port of the API server on loopback; 0 for any */
    public Embedded(boolean simulatedPods, int port) throws IOException {
        api = new ApiServer(port);
        pods = new SimulatedPods(api.store());
        controllers = new ArrayList<>(List.of(
                new StatefulSets(api),
                new Jobs(api, clock),
                new CronJobs(api, clock),
                new Claims(api.store(), copier),
                new Snapshots(api, copier),
                new Budgets(api.store()),
                new Endpoints(api.store())));
        if (simulatedPods) {
            controllers.add(pods);
            copier.of(pods);
        }
        controllers.forEach(Controller::start);
    }

    public ApiServer api() {
        return api;
    }

    public SimulatedPods pods() {
        return pods;
    }

    /** What snapshots are made of. */
    public void volumes(VolumeContents contents) {
        copier.of(contents);
    }

    /** As much time passes at once for Jobs and CronJobs: for schedules, deadlines and times to live. */
    public void skip(Duration time) {
        clock.skip(time);
    }

    @Override
    public void close() {
        controllers.forEach(Controller::close);
        copier.close();
        api.close();
    }
}
