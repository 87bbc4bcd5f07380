package io.matriarch.instance.peers;

import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.ha.Ask;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.kube.Pods;
import io.matriarch.instance.net.PeerClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out {@link Ask}s: each question on a thread of its own; the answers go into {@link Memory}. */
public final class Questions {
    private static final Logger LOG = LoggerFactory.getLogger(Questions.class);
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final Duration SOON = Duration.ofMillis(20);

    private final Me me;
    private final Names names;
    private final Memory memory;
    private final PeerClient peers;
    private final Pods pods;
    private final Answers own;
    private final Function<Integer, Optional<String>> address;
    private final Supplier<Duration> now;
    private final Once once;

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
            Once once) {
        this.me = me;
        this.names = names;
        this.memory = memory;
        this.peers = peers;
        this.pods = pods;
        this.own = own;
        this.address = address;
        this.now = now;
        this.once = once;
    }

    private interface Call<A> {
        A at(String address) throws IOException;
    }

    /** Starts to ask; returns at once. */
    public void ask(Ask ask) {
        switch (ask) {
            case Ask.Votes votes -> votes(votes.to(), votes.request());
            case Ask.Nominate nominate ->
                once.ask("nominate " + nominate, AGAIN, () -> {
                    LOG.info("member {} has the newest data: it shall stand", nominate.to());
                    reach(nominate.to(), there -> {
                        peers.nominate(there, nominate.nomination());
                        return true;
                    });
                });
            case Ask.Positions positions -> {
                for (int to : positions.to()) {
                    once.ask("position " + to, SOON, () -> memory.told(to, reach(to, peers::position), now.get()));
                }
            }
            case Ask.HandOver handOver ->
                once.ask("hand over " + handOver, AGAIN, () -> {
                    LOG.warn("the API server answers others only: handing over to member {}", handOver.to());
                    reach(handOver.to(), there -> {
                        peers.handOver(there, handOver.handOver());
                        return true;
                    });
                });
            case Ask.Container container ->
                once.ask(
                        "container " + container,
                        AGAIN,
                        () -> pods.get(container.pod())
                                .filter(pod -> pod.is(container.uid()))
                                .ifPresent(pod -> memory.ended(pod.terminated(), pod.burnt())));
            case Ask.Addresses addresses -> {
                for (int member : addresses.of()) {
                    once.ask(
                            "address of " + member,
                            AGAIN,
                            () -> present(member).ifPresent(there -> memory.located(member, there)));
                }
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
            once.ask("vote " + voter + " " + request, Duration.ZERO, () -> {
                Peer.Vote vote =
                        voter == me.ordinal() ? own.vote(request) : reach(voter, there -> peers.vote(there, request));
                if (!vote.granted()) {
                    LOG.info("member {} does not vote for this one: {}", voter, vote.reason());
                }
                memory.voted(request, vote);
            });
        }
    }

    /** Calls a member at the address that the Lease has; if the call fails, at its pod's current address. */
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
}
