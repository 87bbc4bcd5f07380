package io.matriarch.instance.lease;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.ClusterLease.Phase;
import io.matriarch.instance.fence.BootClock;
import io.matriarch.instance.fence.FuseDeadline;
import io.matriarch.instance.fence.Pauses;
import io.matriarch.instance.ha.Decision.LeaseWish;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Timers;
import io.matriarch.instance.kube.KubeApi;
import io.matriarch.instance.kube.LeaseApi;
import io.matriarch.instance.kube.LeaseApi.Written;
import io.matriarch.instance.kube.LeaseObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Talks to the API server about the Lease, on a thread that waits for nothing else: no volume, no SQL. After each successful write as the holder,
 * it moves the fuse's deadline.
 */
public final class LeaseKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final Duration EAGER = Duration.ofMillis(400);
    private static final Duration CALM = Duration.ofSeconds(2);
    private static final Duration SOON = Duration.ofMillis(300);
    /** Pause after a request without an answer: two renewals may fail before PostgreSQL has to stop. */
    private static final Duration RETRY = Duration.ofMillis(500);
    /** Minimum pause between writes when the Lease has news: news do not wait for the next renewal. */
    private static final Duration LEAST = Duration.ofMillis(50);

    /** Minimum pause for taking and releasing the Lease: clients are waiting for these. */
    private static final Duration AT_ONCE = Duration.ofMillis(10);

    /** For how long after the news that a primary ended, and how often, the Lease is read. */
    private static final Duration HURRY = Duration.ofSeconds(3);

    private static final Duration HURRIED = Duration.ofMillis(120);
    private static final Duration ANSWERS = Duration.ofSeconds(5);

    private final LeaseApi api;
    private final String identity;
    private final Function<Optional<LeaseView>, Timers> timers;
    private final BootClock clock;
    private final FuseDeadline fuse;
    private final Pauses pauses;
    private final Events events;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private LeaseWish wish = new LeaseWish.Watch();
    private LeaseSnapshot snapshot = new LeaseSnapshot(Optional.empty(), Duration.ZERO, Optional.empty());
    private Duration provenAfter = Duration.ZERO;
    private Duration asked = Duration.ZERO;
    private @Nullable LeaseObject last;
    /** The last Lease seen: the model for a new one. */
    private @Nullable LeaseObject template;

    private boolean away;
    /**
     * This member gave the Lease back, and may have succeeded: since then another member may have held it, so this one does not create it again.
     */
    private boolean mayBeGiven;
    /** The content with which it was last given back. */
    private @Nullable ClusterLease given;
    /** Whether the last read brought something new. */
    private boolean renewed;

    /** Somebody said that there is news: read the Lease at once. */
    private volatile boolean called;

    private volatile Duration hurriedUntil = Duration.ZERO;
    private volatile Duration answered = Duration.ofDays(-1);
    private final AtomicLong renewals = new AtomicLong();

    /** Receives what happens to the Lease. */
    public interface Events {
        /** There is something new to decide on. */
        void news();

        /** The API server answered that there is a Lease, or that there is none. */
        void there(boolean lease, Duration now);

        /** This member wrote what others wait for: who holds the Lease, or which timeline they must follow. */
        void turned(LeaseView written);

        /** This member gave the Lease back. */
        void released(Duration now);

        /** The API server did not answer. */
        void silent(Duration now);

        /** This content is about to be sent; after it, this member no longer holds the Lease. */
        void leaves(ClusterLease state, Duration now);

        /** What was just sent in order to leave certainly never reached the API server. */
        void stayed();
    }

    /**
     * @param timers that a holder of this Lease obeys
     */
    public LeaseKeeper(
            LeaseApi api,
            String identity,
            Function<Optional<LeaseView>, Timers> timers,
            BootClock clock,
            FuseDeadline fuse,
            Pauses pauses,
            Events events) {
        this.api = api;
        this.identity = identity;
        this.timers = timers;
        this.clock = clock;
        this.fuse = fuse;
        this.pauses = pauses;
        this.events = events;
    }

    public Thread start() {
        return Thread.ofPlatform().daemon().name("lease").start(this::run);
    }

    public LeaseSnapshot snapshot() {
        lock.lock();
        try {
            return snapshot;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sets what to do with the Lease from now on.
     *
     * @param after a start needs a proof newer than this: a holder whose proof is older renews at once
     */
    public void wish(LeaseWish next, Duration after) {
        lock.lock();
        try {
            if (!next.equals(wish) || !after.equals(provenAfter)) {
                wish = next;
                provenAfter = after;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Another member may have given the Lease back just now: reads it at once, and often for a while. */
    public void hurry() {
        lock.lock();
        try {
            hurriedUntil = clock.now().plus(HURRY);
            called = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the API server has answered in the last seconds. */
    public boolean apiAnswers() {
        return clock.now().minus(answered).compareTo(ANSWERS) < 0;
    }

    private boolean hurried() {
        return clock.now().compareTo(hurriedUntil) < 0;
    }

    private void run() {
        while (!Thread.currentThread().isInterrupted()) {
            LeaseWish now = current();
            try {
                turn(now);
            } catch (IOException | RuntimeException e) {
                events.silent(clock.now());
                if (!away) {
                    LOG.warn("the API server does not answer about the Lease: {}", e.toString());
                    away = true;
                }
            }
            await(now);
        }
    }

    private LeaseWish current() {
        lock.lock();
        try {
            return wish;
        } finally {
            lock.unlock();
        }
    }

    private void await(LeaseWish done) {
        lock.lock();
        try {
            if (wish.equals(done)) {
                changed.await(hurried() || others(done) ? 10 : 100, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** Whether other members, and clients, wait for this. */
    private static boolean others(LeaseWish wish) {
        return wish instanceof LeaseWish.Take || wish instanceof LeaseWish.Release;
    }

    private void turn(LeaseWish now) throws IOException {
        Optional<LeaseObject> view = Optional.ofNullable(last);
        Optional<LeaseObject> mine = view.filter(lease -> lease.holder().equals(identity));
        switch (now) {
            case LeaseWish.Take take -> {
                Optional<LeaseObject> free =
                        view.filter(lease -> lease.resourceVersion().equals(take.resourceVersion()));
                if (free.isPresent()) {
                    if (elapsed(away ? RETRY : AT_ONCE)) {
                        if (!away) {
                            LOG.info("taking the Lease: epoch {}", take.state().epoch());
                        }
                        write(free.get(), identity, take.state());
                    }
                } else {
                    look(EAGER);
                }
            }
            case LeaseWish.Keep keep -> {
                if (mine.isEmpty()) {
                    look(EAGER);
                } else {
                    boolean urgent = keep.urgent(mine.get().state()) || provenTooEarly();
                    if (elapsed(away ? RETRY : urgent ? LEAST : renew(mine.map(LeaseObject::view)))) {
                        obeyFaster(mine.get().state(), keep.state());
                        write(mine.get(), identity, keep.state());
                    }
                }
            }
            case LeaseWish.Create create -> {
                LeaseObject former = template;
                if (former != null && view.isEmpty() && elapsed(away ? RETRY : LEAST)) {
                    create(former, create.state());
                } else {
                    look(EAGER);
                }
            }
            case LeaseWish.Release release -> {
                if (mine.isPresent()) {
                    if (elapsed(away ? RETRY : AT_ONCE) && leaves(release)) {
                        LOG.info("giving the Lease back");
                        release(mine.get(), release.state());
                    }
                } else {
                    look(EAGER);
                }
            }
            case LeaseWish.Watch watch -> {
                boolean calm = view.map(LeaseObject::state)
                        .filter(state -> state.systemIdentifier() != null && state.phase() == Phase.Serving)
                        .isPresent();
                // The next renewal is due two seconds after the last one: a read at the same pace sees it soon after it
                // was made.
                look(calm ? (renewed ? CALM : SOON) : EAGER);
            }
        }
    }

    /** Twice as often if the agent lacked a processor lately: the newer the proof, the longer the pause that it outlasts. */
    private Duration renew(Optional<LeaseView> mine) {
        Duration pace = timers.apply(mine).renew();
        return pauses.lately(clock.now()) ? pace.dividedBy(2) : pace;
    }

    /** Obeys a faster profile before any other member can know of it. */
    private void obeyFaster(ClusterLease present, ClusterLease next) {
        Duration faster = Timers.of(next).fuse();
        if (faster.compareTo(Timers.of(present).fuse()) < 0) {
            snapshot().proof().ifPresent(proof -> fuse.lower(proof.plus(faster)));
        }
    }

    private boolean provenTooEarly() {
        lock.lock();
        try {
            return snapshot.proof()
                    .filter(proof -> proof.compareTo(provenAfter) > 0)
                    .isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private boolean elapsed(Duration interval) {
        return clock.now().minus(asked).compareTo(interval) >= 0;
    }

    private void look(Duration interval) throws IOException {
        if (called || elapsed(hurried() ? HURRIED : interval)) {
            called = false;
            asked = clock.now();
            learn(api.get(), Optional.empty());
        }
    }

    /** Records that a write which gives up the Lease is about to be sent, unless that is no longer wished: every later decision knows of it. */
    private boolean leaves(LeaseWish.Release release) {
        lock.lock();
        try {
            if (!wish.equals(release)) {
                return false;
            }
            events.leaves(release.state(), clock.now());
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void release(LeaseObject former, ClusterLease state) throws IOException {
        boolean before = mayBeGiven;
        given = state;
        try {
            write(former, "", state);
        } catch (KubeApi.Unreachable e) {
            mayBeGiven = before;
            events.stayed();
            throw e;
        }
    }

    private void write(LeaseObject former, String holder, ClusterLease state) throws IOException {
        Duration sent = clock.now();
        asked = sent;
        mayBeGiven |= holder.isEmpty();
        switch (api.put(former, holder, state, seconds(state))) {
            case Written.Done done -> {
                accepted(done.lease(), sent);
                if (turns(former, done.lease())) {
                    events.turned(done.lease().view());
                }
            }
            case Written.Conflict conflict -> {
                // A lost answer looks like this, too: then the Lease is as this member wanted it, and this member holds
                // it.
                Optional<LeaseObject> found = api.get();
                if (found.isPresent() && !holder.isEmpty() && takesBack(found.get(), holder, state)) {
                    return;
                }
                learn(found, Optional.empty());
            }
            case Written.Missing missing -> recreate(former, holder, state, sent);
        }
    }

    /**
     * Takes the Lease back if this member gave it back, has since stayed by the others' promises, and its PostgreSQL may run. It writes at the
     * very version that gave the Lease back: no other member can have held it in between.
     */
    private boolean takesBack(LeaseObject found, String holder, ClusterLease state) throws IOException {
        boolean runs = clock.now().compareTo(fuse.armed()) < 0 && current() instanceof LeaseWish.Keep && stays();
        if (!runs || !found.holder().isEmpty() || !found.state().equals(given)) {
            return false;
        }
        LOG.info("the Lease was given back although that was not wished any more: taking it back");
        Duration sent = clock.now();
        if (api.put(found, holder, state, seconds(state)) instanceof Written.Done done) {
            accepted(done.lease(), sent);
            return true;
        }
        return false;
    }

    /** Whether PostgreSQL may run: the wish does not wait for a newer proof. */
    private boolean stays() {
        lock.lock();
        try {
            return provenAfter.isZero();
        } finally {
            lock.unlock();
        }
    }

    private static boolean turns(LeaseObject former, LeaseObject written) {
        return !former.holder().equals(written.holder())
                || former.state().phase() != written.state().phase()
                || former.state().timeline() != written.state().timeline();
    }

    private static int seconds(ClusterLease state) {
        return (int) Timers.of(state).lease().toSeconds();
    }

    /** Somebody deleted the Lease. A holder creates it again, but only while its last proof is recent (docs/internals/protocol.md 6). */
    private void recreate(LeaseObject former, String holder, ClusterLease state, Duration sent) throws IOException {
        Optional<Duration> proof = snapshot().proof();
        if (!holder.isEmpty()
                && !mayBeGiven
                && proof.isPresent()
                && sent.minus(proof.get())
                                .compareTo(
                                        timers.apply(Optional.of(former.view())).stop())
                        < 0) {
            create(former, state);
        } else {
            learn(api.get(), Optional.empty());
        }
    }

    private void create(LeaseObject former, ClusterLease state) throws IOException {
        Duration sent = clock.now();
        asked = sent;
        LOG.warn("the Lease is gone: making it again");
        if (api.create(former, identity, state, seconds(state)) instanceof Written.Done done) {
            accepted(done.lease(), sent);
        } else {
            learn(api.get(), Optional.empty());
        }
    }

    /** How many writes have succeeded so far. */
    public long renewals() {
        return renewals.get();
    }

    private void accepted(LeaseObject lease, Duration sent) {
        renewals.incrementAndGet();
        mayBeGiven = false;
        boolean mine = lease.holder().equals(identity);
        if (mine) {
            fuse.extend(sent.plus(timers.apply(Optional.of(lease.view())).fuse()));
        } else {
            fuse.disarm();
            events.released(clock.now());
        }
        learn(Optional.of(lease), mine ? Optional.of(sent) : Optional.empty());
        if (!mine) {
            lock.lock();
            try {
                snapshot = new LeaseSnapshot(snapshot.lease(), snapshot.seen(), Optional.empty());
            } finally {
                lock.unlock();
            }
        }
    }

    private void learn(Optional<LeaseObject> lease, Optional<Duration> proof) {
        if (away) {
            LOG.info("the API server answers again");
            away = false;
        }
        String former = last == null ? "" : last.resourceVersion();
        answered = clock.now();
        events.there(lease.isPresent(), answered);
        if (lease.isPresent() && older(lease.get().resourceVersion(), former)) {
            return; // an API server that answers with what was
        }
        boolean different = !lease.map(LeaseObject::resourceVersion).orElse("").equals(former);
        renewed = different;
        last = lease.orElse(null);
        template = lease.orElse(template);
        lock.lock();
        try {
            snapshot = new LeaseSnapshot(
                    lease.map(LeaseObject::view),
                    different ? clock.now() : snapshot.seen(),
                    proof.isPresent() ? proof : snapshot.proof());
        } finally {
            lock.unlock();
        }
        if (different) {
            events.news();
        }
    }

    /** Kubernetes compares versions of one object as decimal numbers (API concepts, "Resource versions"). */
    private static boolean older(String version, String than) {
        try {
            return Long.parseUnsignedLong(version) < Long.parseUnsignedLong(than);
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
