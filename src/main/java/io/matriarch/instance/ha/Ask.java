package io.matriarch.instance.ha;

import io.matriarch.api.contract.Peer;
import java.util.List;

/**
 * A question to others, sent once and not waited for. Answers go to {@link Memory}; one that does not come is no answer. Members are named by
 * ordinal, and where they are is the sender's business.
 */
public sealed interface Ask {
    /** For votes, in parallel; this member's own goes through its own {@link Voter}. */
    record Votes(List<Integer> to, Peer.VoteRequest request) implements Ask {}

    /** The best one is told to stand. */
    record Nominate(int to, Peer.Nomination nomination) implements Ask {}

    /** Where they are in the WAL. */
    record Positions(List<Integer> to) implements Ask {}

    /** To release the Lease in this member's name. */
    record HandOver(int to, Peer.HandOver handOver) implements Ask {}

    /** Of the API server: which containers of this pod has the kubelet seen end, if the pod has this UID? */
    record Container(String pod, String uid) implements Ask {}

    /** Of the API server: which addresses have these members' pods? */
    record Addresses(List<Integer> of) implements Ask {}
}
