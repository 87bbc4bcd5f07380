package io.matriarch.instance;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Names;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.kube.Pods;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A new primary takes the label of the former one from its pod, once a reign: an agent that is dead or cut off cannot do it itself, and the
 * read-write Service would go on sending clients there until the node counts as lost.
 */
final class Deposition {
    private static final Logger LOG = LoggerFactory.getLogger(Deposition.class);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final Pods pods;
    private final Names names;
    private final Me me;
    private final Supplier<MemberReport> report;
    private final Supplier<Optional<LeaseView>> lease;
    private long done;

    Deposition(Pods pods, Names names, Me me, Supplier<MemberReport> report, Supplier<Optional<LeaseView>> lease) {
        this.pods = pods;
        this.names = names;
        this.me = me;
        this.report = report;
        this.lease = lease;
    }

    void start() {
        Thread.ofVirtual().name("deposition").start(() -> {
            while (true) {
                try {
                    Thread.sleep(PAUSE);
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
        boolean leads = report.get().role() == MemberReport.Role.Primary;
        if (!leads || mine.isEmpty() || mine.get().state().epoch() == done) {
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
