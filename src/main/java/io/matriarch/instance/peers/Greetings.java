package io.matriarch.instance.peers;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.net.PeerClient;
import java.time.Duration;

/** What others are told unasked, at where the Lease says that they are. Nothing depends on whether it arrives. */
public final class Greetings {
    /** So long an unused connection is kept by those who talk to each other, or longer. */
    private static final Duration GREETED = Duration.ofSeconds(10);

    private final Me me;
    private final Names names;
    private final PeerClient peers;
    private final Once once;

    public Greetings(Me me, Names names, PeerClient peers, Once once) {
        this.me = me;
        this.names = names;
        this.peers = peers;
        this.once = once;
    }

    /** The Lease that this member has just written says something that others wait for: they need not find out by looking. */
    public void tell(ClusterLease written) {
        for (int member : written.members()) {
            String there = written.addresses().get(member);
            if (member != me.ordinal() && there != null) {
                once.ask("news for " + member, Duration.ZERO, () -> peers.news(there, new Peer.News(me.ordinal())));
            }
        }
    }

    /** A primary ends: there will be questions to all but that one, and nobody has talked for long. */
    public void greet(LeaseView known) {
        for (int member : known.state().members()) {
            String there = known.state().addresses().get(member);
            boolean ended = known.holder().startsWith(names.pod(member) + "/");
            if (member != me.ordinal() && !ended && there != null) {
                once.ask("greet " + member, GREETED, () -> peers.greet(there));
            }
        }
    }
}
