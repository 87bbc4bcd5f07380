package io.matriarch.instance.peers;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Peer;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.net.PeerClient;
import java.time.Duration;

/** Unrequested messages to other members, at the addresses that the Lease has. Nothing depends on their arrival. */
public final class Greetings {
    /** How long members that talk to each other keep an unused connection, at least. */
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

    /**
     * The Lease that this member has just written says something that others wait for: tell them, so that they need not find out by reading it.
     */
    public void tell(ClusterLease written) {
        for (int member : written.members()) {
            String there = written.addresses().get(member);
            if (member != me.ordinal() && there != null) {
                once.ask("news for " + member, Duration.ZERO, () -> peers.news(there, new Peer.News(me.ordinal())));
            }
        }
    }

    /**
     * A primary is ending: there will be questions to all members but that one, and they have not talked for a long time. Opens the connections
     * now.
     */
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
