package io.matriarch.instance.ha.sim;

import io.matriarch.api.contract.Settings;
import io.matriarch.api.contract.Settings.BootstrapAction;
import io.matriarch.api.contract.Settings.BootstrapOrder;
import io.matriarch.api.contract.Settings.Failover;
import io.matriarch.api.contract.Settings.Profile;
import io.matriarch.api.contract.Settings.Replication;
import io.matriarch.api.contract.Settings.ReplicationMode;
import io.matriarch.api.contract.Settings.Request;
import io.matriarch.api.contract.Settings.WhenUnavailable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** What a simulated cluster is, what is asked of it, and how bad its world is; all drawn from a seed, and what users change while it runs. */
final class Plot {
    static final int MOST = 9;
    private static final List<Integer> SIZES = List.of(3, 3, 3, 3, 3, 3, 5, 5, 4, 4, 2, 2, 1, 6, 7, 9);

    private final long seed;
    private final List<Fault> faults;
    private final double loss;
    private final double duplication;
    private final double slowness;
    private final double errors;
    private final double drift;
    private final double broken;
    int instances;
    boolean sync;
    int acknowledgements;
    boolean degrade;
    Profile profile;
    List<Integer> fenced = List.of();
    List<Request> requests = List.of();
    private boolean healed;

    Plot(long seed) {
        this(seed, null);
    }

    /** With other faults, to find out which ones matter. */
    Plot(long seed, @org.jspecify.annotations.Nullable List<Fault> only) {
        this.seed = seed;
        SplittableRandom chance = new SplittableRandom(seed * 31 + 7);
        boolean bad = chance.nextInt(3) > 0;
        this.loss = bad ? chance.nextDouble() * 0.1 : 0;
        this.duplication = bad ? chance.nextDouble() * 0.1 : 0;
        this.slowness = bad ? chance.nextDouble() * 0.1 : 0;
        this.errors = bad ? chance.nextDouble() * 0.1 : 0;
        this.drift = chance.nextInt(2) * 0.01;
        this.broken = chance.nextInt(3) == 0 ? 0.2 : 0;
        this.instances = SIZES.get(chance.nextInt(SIZES.size()));
        this.sync = instances > 1 && chance.nextInt(4) > 0;
        int most = Math.max(1, instances / 2);
        this.acknowledgements = chance.nextBoolean() ? most : 1 + chance.nextInt(most);
        this.degrade = chance.nextInt(4) == 0;
        this.profile = List.of(Profile.Default, Profile.Default, Profile.Fast, Profile.Relaxed)
                .get(chance.nextInt(4));
        List<Fault> drawn = Fault.draw(chance, instances);
        this.faults = only == null ? drawn : only;
    }

    /** Three members in a world that does nothing by itself. */
    static Plot quiet(long seed, boolean sync, List<Fault> faults) {
        return new Plot(seed, sync, faults);
    }

    private Plot(long seed, boolean sync, List<Fault> faults) {
        this.seed = seed;
        this.loss = 0;
        this.duplication = 0;
        this.slowness = 0;
        this.errors = 0;
        this.drift = 0.01;
        this.broken = 0;
        this.instances = 3;
        this.sync = sync;
        this.acknowledgements = 1;
        this.profile = Profile.Default;
        this.faults = faults;
    }

    long seed() {
        return seed;
    }

    List<Fault> faults() {
        return faults;
    }

    double loss() {
        return healed ? 0 : loss;
    }

    double duplication() {
        return healed ? 0 : duplication;
    }

    double slowness() {
        return healed ? 0 : slowness;
    }

    double errors() {
        return healed ? 0 : errors;
    }

    double drift() {
        return drift;
    }

    /** How often a promotion or rewind fails. */
    double broken() {
        return healed ? 0 : broken;
    }

    void heal() {
        healed = true;
        fenced = List.of();
        requests = requests.stream()
                .filter(request -> request.kind() == Settings.RequestKind.Rebuild)
                .toList();
    }

    void ask(Request request) {
        List<Request> all = new ArrayList<>(requests);
        all.add(request);
        requests = all.size() > 3 ? all.subList(all.size() - 3, all.size()) : all;
    }

    /** The operator takes a request out that has its answer. */
    void answered(String id) {
        if (!requests.isEmpty()) {
            requests = requests.stream()
                    .filter(request -> !request.id().equals(id))
                    .toList();
        }
    }

    boolean rebuilding(int ordinal) {
        return requests.stream()
                .anyMatch(request -> request.kind() == Settings.RequestKind.Rebuild
                        && request.to() != null
                        && request.to() == ordinal);
    }

    Settings settings() {
        int most = Math.min(acknowledgements, instances - 1);
        return new Settings(
                1,
                "uid",
                instances,
                "r",
                Map.of(),
                List.of(),
                new BootstrapOrder(BootstrapAction.Initdb, 0, null, null),
                new Settings.Initdb("app", "app", "UTF8", "C", true, List.of(), List.of()),
                "orders-app",
                null,
                new Replication(
                        sync && most > 0 ? ReplicationMode.Quorum : ReplicationMode.Async,
                        sync ? most : 0,
                        degrade ? WhenUnavailable.Degrade : WhenUnavailable.Block),
                new Failover(profile, 1L << 30),
                fenced,
                requests);
    }

    @Override
    public String toString() {
        return "seed %d: %d instances, %s, W=%d%s, %s, loss %.3f, errors %.3f, broken %.1f"
                .formatted(
                        seed,
                        instances,
                        sync ? "sync" : "async",
                        acknowledgements,
                        degrade ? " degrade" : "",
                        profile,
                        loss,
                        errors,
                        broken);
    }
}
