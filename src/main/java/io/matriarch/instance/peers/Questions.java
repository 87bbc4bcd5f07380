package io.matriarch.instance.peers;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.ha.Ask;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.kube.Pods;
import io.matriarch.instance.net.PeerClient;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries {@link Ask}s out: each question on a thread of its own, answers into {@link Memory}. One that is under way is not asked again. */
public final class Questions {
    private static final Logger LOG = LoggerFactory.getLogger(Questions.class);
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final Duration SOON = Duration.ofMillis(20);
    /** So long an unused connection is kept by those who talk to each other, or longer. */
    private static final Duration GREETED = Duration.ofSeconds(10);

    private final Me me;
    private final Names names;
    private final Memory memory;
    private final PeerClient peers;
    private final Pods pods;
    private final Answers own;
    private final Function<Integer, Optional<String>> address;
    private final Supplier<Duration> now;
    private final Runnable news;
    /** When a question may be asked again, by what it is. */
    private final Map<String, Duration> busy = new HashMap<>();

    /** @param address of a member, as the Lease has it */
    public Questions(
            Me me,
            Names names,
            Memory memory,
            PeerClient peers,
            Pods pods,
            Answers own,
            Function<Integer, Optional<String>> address,
            Supplier<Duration> now,
            Runnable news) {
        this.me = me;
        this.names = names;
        this.memory = memory;
        this.peers = peers;
        this.pods = pods;
        this.own = own;
        this.address = address;
        this.now = now;
        this.news = news;
    }

    private interface Call<A> {
        A at(String address) throws IOException;
    }

    private interface Step {
        void run() throws IOException;
    }

    /** Begins to ask; returns at once. */
    public void ask(Ask ask) {
        switch (ask) {
            case Ask.Votes votes -> votes(votes.to(), votes.request());
            case Ask.Nominate nominate ->
                once("nominate " + nominate, AGAIN, () -> {
                    LOG.info("member {} has the newest data: it shall stand", nominate.to());
                    reach(nominate.to(), there -> {
                        peers.nominate(there, nominate.nomination());
                        return true;
                    });
                });
            case Ask.Positions positions -> {
                for (int to : positions.to()) {
                    once("position " + to, SOON, () -> memory.told(to, reach(to, peers::position), now.get()));
                }
            }
            case Ask.HandOver handOver ->
                once("hand over " + handOver, AGAIN, () -> {
                    LOG.warn("the API server answers others only: handing over to member {}", handOver.to());
                    reach(handOver.to(), there -> {
                        peers.handOver(there, handOver.handOver());
                        return true;
                    });
                });
            case Ask.Container container ->
                once(
                        "container " + container,
                        AGAIN,
                        () -> pods.get(container.pod())
                                .filter(pod -> pod.is(container.uid()))
                                .ifPresent(pod -> memory.ended(pod.terminated(), pod.burnt())));
            case Ask.Addresses addresses -> {
                for (int member : addresses.of()) {
                    once(
                            "address of " + member,
                            AGAIN,
                            () -> present(member).ifPresent(there -> memory.located(member, there)));
                }
            }
        }
    }

    /** The Lease that this member has just written says something that others wait for: they need not find out by looking. */
    public void tell(ClusterLease written) {
        for (int member : written.members()) {
            String there = written.addresses().get(member);
            if (member != me.ordinal() && there != null) {
                once("news for " + member, Duration.ZERO, () -> peers.news(there, new Peer.News(me.ordinal())));
            }
        }
    }

    /** A primary ends: there will be questions to all but that one, and nobody has talked for long. */
    public void greet(LeaseView known) {
        for (int member : known.state().members()) {
            String there = known.state().addresses().get(member);
            boolean ended = known.holder().startsWith(names.pod(member) + "/");
            if (member != me.ordinal() && !ended && there != null) {
                once("greet " + member, GREETED, () -> peers.greet(there));
            }
        }
    }

    private void votes(List<Integer> to, Peer.VoteRequest request) {
        LOG.info(
                "stands for epoch {} (vacancy: {}, Lease at {}); asks {} for votes",
                request.epoch(),
                request.vacancy(),
                request.resourceVersion(),
                to);
        memory.asking(request, now.get());
        for (int voter : to) {
            once("vote " + voter + " " + request, Duration.ZERO, () -> {
                Peer.Vote vote =
                        voter == me.ordinal() ? own.vote(request) : reach(voter, there -> peers.vote(there, request));
                if (!vote.granted()) {
                    LOG.info("member {} does not vote for this one: {}", voter, vote.reason());
                }
                memory.voted(request, vote);
            });
        }
    }

    /** At the address that the Lease has; when nobody is there, at the one that its pod has now. */
    private <A> A reach(int ordinal, Call<A> call) throws IOException {
        Optional<String> known = address.apply(ordinal);
        if (known.isPresent()) {
            try {
                return call.at(known.get());
            } catch (IOException e) {
                Optional<String> newer = present(ordinal).filter(other -> !other.equals(known.get()));
                if (newer.isEmpty()) {
                    throw e;
                }
                return call.at(newer.get());
            }
        }
        return call.at(present(ordinal).orElseThrow(() -> new IOException(names.pod(ordinal) + " has no address")));
    }

    private Optional<String> present(int ordinal) throws IOException {
        return pods.get(names.pod(ordinal)).map(Pods.Pod::address).filter(text -> !text.isEmpty());
    }

    private void once(String what, Duration pause, Step step) {
        synchronized (busy) {
            Duration free = busy.get(what);
            if (free != null && now.get().compareTo(free) < 0) {
                return;
            }
            busy.values().removeIf(until -> until.compareTo(now.get()) < 0);
            busy.put(what, Duration.ofDays(36_500));
        }
        Thread.ofVirtual().name("ask").start(() -> {
            try {
                step.run();
            } catch (IOException | RuntimeException e) {
                LOG.debug("{}: {}", what, Objects.toString(e.getMessage(), e.toString()));
            } finally {
                synchronized (busy) {
                    busy.put(what, now.get().plus(pause));
                }
                news.run();
            }
        });
    }
}
