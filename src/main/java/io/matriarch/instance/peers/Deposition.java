package io.matriarch.instance.peers;

import io.matriarch.api.contract.Labels;
import io.matriarch.api.contract.Names;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.kube.Pods;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A new primary removes the label of the former one from that one's pod, once a reign and after its own pod has the label. An agent that is dead
 * or cut off cannot remove it itself, and one that is alive leaves this to its successor, so that the read-write Service always has an endpoint.
 */
public final class Deposition {
    private static final Logger LOG = LoggerFactory.getLogger(Deposition.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final Pods pods;
    private final Names names;
    private final Me me;
    private final Predicate<String> labelled;
    private final Supplier<Optional<LeaseView>> lease;
    private final Semaphore written;
    private long done;

    /**
     * @param written released when this pod has been labelled as the primary
     * @param labelled whether this pod certainly shows that role
     */
    public Deposition(
            Pods pods,
            Names names,
            Me me,
            Semaphore written,
            Predicate<String> labelled,
            Supplier<Optional<LeaseView>> lease) {
        this.written = written;
        this.labelled = labelled;
        this.pods = pods;
        this.names = names;
        this.me = me;
        this.lease = lease;
    }

    public void start() {
        Thread.ofVirtual().name("deposition").start(() -> {
            while (true) {
                try {
                    written.tryAcquire(AGAIN.toMillis(), TimeUnit.MILLISECONDS);
                    turn();
                } catch (InterruptedException e) {
                    return;
                } catch (IOException | RuntimeException e) {
                    LOG.debug("cannot take the former primary's label away", e);
                }
            }
        });
    }

    private void turn() throws IOException {
        Optional<LeaseView> mine = lease.get().filter(view -> view.holder().equals(me.identity()));
        if (!labelled.test(Labels.PRIMARY)
                || mine.isEmpty()
                || mine.get().state().epoch() == done) {
            return;
        }
        Set<String> others = new TreeSet<>();
        mine.get().state().members().forEach(member -> others.add(names.pod(member)));
        mine.get().state().history().forEach(reign -> others.add(reign.holder()));
        others.remove(me.pod());
        for (String pod : others) {
            pods.depose(pod);
        }
        done = mine.get().state().epoch();
    }
}
