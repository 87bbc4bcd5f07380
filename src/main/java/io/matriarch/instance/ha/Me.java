package io.matriarch.instance.ha;

/**
 * Which member this is.
 *
 * @param incarnation new with each start of the agent
 * @param address IP address of the pod
 * @param version of the agent
 */
public record Me(String pod, int ordinal, String podUid, String incarnation, String address, String version) {
    /** Holder identity in the Lease. */
    public String identity() {
        return podPrefix() + incarnation;
    }

    /** What the identities of all incarnations in this very pod begin with. */
    String podPrefix() {
        return pod + "/" + podUid + "/";
    }

    /** Name of a member's pod, which is mine but for the number. */
    String pod(int other) {
        return pod.substring(0, pod.lastIndexOf('-') + 1) + other;
    }

    /** Whether an identity is of a pod with my name, this one or a former one. */
    public boolean isMyName(String identity) {
        return identity.startsWith(pod + "/");
    }
}
