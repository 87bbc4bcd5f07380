package io.matriarch.instance.lease;

import io.matriarch.instance.fence.FuseDeadline;
import io.matriarch.instance.ha.Failsafe;
import io.matriarch.instance.ha.LeaseSnapshot;
import io.matriarch.instance.ha.Protocol;
import io.matriarch.instance.net.PeerClient;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the other members for their promises while the Lease cannot be renewed (docs/internals/protocol.md 5), on a thread that waits for neither
 * the API server nor the volume nor any member; each proof extends the fuse.
 */
public final class FailsafeRounds {
    private static final Logger LOG = LoggerFactory.getLogger(FailsafeRounds.class);
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Failsafe failsafe;
    private final PeerClient peers;
    private final Supplier<LeaseSnapshot> lease;
    private final Function<Integer, Optional<String>> address;
    private final Protocol protocol;
    private final FuseDeadline fuse;
    private final BooleanSupplier primary;
    private final Supplier<Duration> now;
    private boolean needed;

    /**
     * @param primary whether a primary may be running here: only then does the fuse have something to end
     */
    public FailsafeRounds(
            Failsafe failsafe,
            PeerClient peers,
            Supplier<LeaseSnapshot> lease,
            Function<Integer, Optional<String>> address,
            Protocol protocol,
            FuseDeadline fuse,
            BooleanSupplier primary,
            Supplier<Duration> now) {
        this.failsafe = failsafe;
        this.peers = peers;
        this.lease = lease;
        this.address = address;
        this.protocol = protocol;
        this.fuse = fuse;
        this.primary = primary;
        this.now = now;
    }

    public void start() {
        Thread.ofPlatform().daemon().name("failsafe").start(() -> {
            while (true) {
                try {
                    Thread.sleep(PAUSE);
                    turn();
                } catch (InterruptedException e) {
                    return;
                } catch (RuntimeException e) {
                    LOG.error("a failsafe round failed", e);
                }
            }
        });
    }

    void turn() {
        LeaseSnapshot known = lease.get();
        if (known.lease().isEmpty() || known.proof().isEmpty()) {
            return;
        }
        Optional<Failsafe.Round> round =
                failsafe.due(known.lease().get(), known.proof().get(), now.get());
        boolean late = now.get()
                        .minus(known.proof().get())
                        .compareTo(protocol.timers(known.lease()).stop())
                >= 0;
        if (late != needed) {
            needed = late;
            LOG.warn(
                    late
                            ? "the Lease cannot be renewed: this member goes on by the promises of the others"
                            : "the Lease is renewed again: no promises are needed");
        }
        round.ifPresent(this::send);
    }

    private void send(Failsafe.Round round) {
        proven();
        for (int member : round.to()) {
            address.apply(member)
                    .ifPresent(there -> Thread.ofVirtual()
                            .name("failsafe-" + member)
                            .start(() -> {
                                try {
                                    failsafe.answered(round, member, peers.failsafe(there, round.request()), now.get());
                                    proven();
                                } catch (IOException | RuntimeException e) {
                                    LOG.debug("member {} does not answer", member, e);
                                }
                            }));
        }
    }

    private void proven() {
        Optional<Duration> proof = failsafe.proof();
        // While the fuse is armed, it follows the newest proof, even between the end of one PostgreSQL and the start of
        // the next.
        if (proof.isPresent() && (primary.getAsBoolean() || !fuse.armed().isZero())) {
            fuse.extend(proof.get().plus(protocol.timers(lease.get().lease()).fuse()));
        }
    }
}
