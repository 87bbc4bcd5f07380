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

    /** The prefix that the identities of all incarnations in this very pod share. */
    String podPrefix() {
        return pod + "/" + podUid + "/";
    }

    /** Name of another member's pod: this pod's name with the other ordinal. */
    String pod(int other) {
        return pod.substring(0, pod.lastIndexOf('-') + 1) + other;
    }

    /** Whether an identity belongs to a pod with this member's name, the current pod or a former one. */
    public boolean isMyName(String identity) {
        return identity.startsWith(pod + "/");
    }
}
