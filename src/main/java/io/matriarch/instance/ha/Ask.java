package io.matriarch.instance.ha;

import io.matriarch.api.contract.Peer;
import java.util.List;

/**
 * A question to other members, sent once; nobody waits for the answers. Answers go to {@link Memory}; a missing answer is not an answer. Members
 * are named by ordinal; the sender finds their addresses.
 */
public sealed interface Ask {
    /** Asks for votes, in parallel; this member's own vote goes through its own {@link Voter}. */
    record Votes(List<Integer> to, Peer.VoteRequest request) implements Ask {}

    /** Tells the best member to stand. */
    record Nominate(int to, Peer.Nomination nomination) implements Ask {}

    /** Asks where the members are in the WAL. */
    record Positions(List<Integer> to) implements Ask {}

    /** Asks a member to release the Lease in this member's name. */
    record HandOver(int to, Peer.HandOver handOver) implements Ask {}

    /** Asks the API server which containers of this pod the kubelet has seen end, provided that the pod has this UID. */
    record Container(String pod, String uid) implements Ask {}

    /** Asks the API server for the addresses of these members' pods. */
    record Addresses(List<Integer> of) implements Ask {}
}
