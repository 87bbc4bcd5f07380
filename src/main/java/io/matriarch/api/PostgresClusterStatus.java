package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.model.annotation.LabelSelector;
import io.fabric8.kubernetes.model.annotation.StatusReplicas;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the operator saw last. It changes only when a state changes; live figures are metrics. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PostgresClusterStatus(
        @JsonPropertyDescription("The generation of the spec that this status answers.") @Nullable
        Long observedGeneration,

        @JsonPropertyDescription("Members that exist.") @StatusReplicas @Nullable
        Integer instances,

        @JsonPropertyDescription("Members that serve.") @Nullable
        Integer readyInstances,

        @JsonPropertyDescription("Label selector of the members' pods, for the scale subresource.")
        @LabelSelector
        @Nullable
        String selector,

        @JsonPropertyDescription("The pod that is the primary.") @Nullable
        String primary,

        @JsonPropertyDescription("Timeline of the primary.") @Nullable
        Integer timeline,

        @JsonPropertyDescription("Epoch of the cluster's Lease: grows by one each time a primary takes office.")
        @Nullable
        Long epoch,

        @JsonPropertyDescription("Version of the server, as the primary itself reports it.") @Nullable
        String version,

        @JsonPropertyDescription("System identifier of the database system; the same on every member.") @Nullable
        String systemIdentifier,

        @JsonPropertyDescription("The members, by ordinal.") @Nullable
        List<Member> members,

        @JsonPropertyDescription("The PersistentVolumeClaims, including those of members that left.") @Nullable
        List<Volume> volumes,

        @JsonPropertyDescription("How the present primary became the primary.") @Nullable
        RoleChange lastRoleChange,

        @JsonPropertyDescription(
                "Commands given by annotations, and their outcomes, oldest first. A command that is listed here is not carried out again.")
        @Nullable
        List<Request> requests,

        @JsonPropertyDescription(
                "Conditions. Ready, Reconciling and Stalled follow kstatus; what the operator cannot observe at the moment is Unknown.")
        @Nullable
        List<Condition> conditions,

        @JsonPropertyDescription("When all members served for the first time, in RFC 3339.") @Nullable
        String readyAt,

        @JsonPropertyDescription(
                "The member whose pod is being replaced. It is written here before anything is done to the pod.")
        @Nullable
        Affected replacing,

        @JsonPropertyDescription(
                "The member that leaves, as there shall be fewer. It is written here before the members are told.")
        @Nullable
        Affected leaving,

        @JsonPropertyDescription(
                "Keys of what is wrong and has been told by an Event: it is told again only after it was cured.")
        @Nullable
        List<String> announced)
        implements ReportedStatus {

    /** The status of an object about which nothing was reported yet. */
    public static final PostgresClusterStatus NONE = new PostgresClusterStatus(
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);

    /** One member. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Member(
            @JsonPropertyDescription("Name of the pod.") String name,

            @JsonPropertyDescription("Primary, Replica or None. Empty while the member cannot be heard.") @Nullable
            String role,

            @JsonPropertyDescription(
                    "What it is doing, such as Cloning, Streaming, Running or Failed. Unreachable: its node does not answer, its pod was ready and is not any more, or it claims to be the primary while another member holds the Lease.")
            @Nullable
            String state,

            @JsonPropertyDescription("Timeline it is on.") @Nullable
            Integer timeline,

            @JsonPropertyDescription(
                    "For a replica, while commits wait for replicas: whether it is one of those that may acknowledge.")
            @Nullable
            Boolean synchronous,

            @JsonPropertyDescription("Whether the pod is ready.") @Nullable
            Boolean ready,

            @JsonPropertyDescription("Whether a parameter waits for a restart.") @Nullable
            Boolean pendingRestart,

            @JsonPropertyDescription("Revision of the StatefulSet that the pod was made from.") @Nullable
            String revision,

            @JsonPropertyDescription("What is wrong, if anything.") @Nullable
            String message,

            @JsonPropertyDescription("For an unreachable member: since when, in RFC 3339.") @Nullable
            String since) {}

    /** A member that the operator takes down or removes. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Affected(
            @JsonPropertyDescription("Name of the pod.") String member,

            @JsonPropertyDescription("Uid of the pod, if there is one.") @Nullable
            String uid,

            @JsonPropertyDescription("Since when, in RFC 3339.")
            String since) {}

    /** One PersistentVolumeClaim. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Volume(
            @JsonPropertyDescription("Name of the claim.") String claim,

            @JsonPropertyDescription("Size asked for.") @Nullable
            String requested,

            @JsonPropertyDescription("Size it has.") @Nullable
            String actual,

            @JsonPropertyDescription("A remark, such as Retained, or why it cannot grow.") @Nullable
            String condition) {}

    /** How a primary's time in office began. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record RoleChange(
            @JsonPropertyDescription("Epoch that began.") long epoch,

            @JsonPropertyDescription("Pod that was the primary before.") @Nullable
            String from,

            @JsonPropertyDescription("Pod that has been the primary since then.")
            String to,

            @JsonPropertyDescription(
                    "Bootstrap, Restart (the same member again), Switchover, PrimaryStopped (it gave the Lease back), PrimaryTerminated (its container ended), LeaseExpired (it did not renew the Lease) or Forced.")
            String reason,

            @JsonPropertyDescription("The same as takeover. Kept for one release; read takeover and outage instead.")
            String duration,

            @JsonPropertyDescription("When the operator saw it, in RFC 3339.")
            String at,

            @JsonPropertyDescription("A summary, as the new primary reports it.") @Nullable
            String message,

            @JsonPropertyDescription(
                    "From the moment when the new primary learnt of the vacancy until it accepted writes, such as 1.250s. The time until the vacancy was noticed is not part of it.")
            @Nullable
            String takeover,

            @JsonPropertyDescription(
                    "How long no member accepted writes, at most: from the last sign that the former primary served until the new one accepted writes. Empty when the new primary had not seen the former one serve.")
            @Nullable
            String outage) {

        /** A role change reported by an agent that does not report an outage. */
        public RoleChange(
                long epoch,
                @Nullable String from,
                String to,
                String reason,
                String duration,
                String at,
                @Nullable String message) {
            this(epoch, from, to, reason, duration, at, message, duration, null);
        }
    }

    /** A command and its outcome. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Request(
            @JsonPropertyDescription("Command and value of its annotation, such as switchover:orders-1/7.")
            String id,

            @JsonPropertyDescription(
                    "Accepted: passed on to the members. Done: carried out. Refused: nothing was done. Aborted: begun and undone. Withdrawn: dropped, and no longer passed on.")
            Outcome outcome,

            @JsonPropertyDescription("What was done, or why nothing was done.")
            String message,

            @JsonPropertyDescription("When this outcome was seen first, in RFC 3339.")
            String at) {

        /** Prefix of the ids of the operator's own requests, which ask a primary that must leave to hand over; generation and attempt follow. */
        public static final String SCALE_DOWN = "scale-down-";

        /** The outcome of a command. */
        public enum Outcome {
            /** The command was passed on to the agents. */
            Accepted,
            Done,
            /** Nothing was done. */
            Refused,
            /** The command was begun and undone. */
            Aborted,
            /** The agents are no longer asked, and had not answered. */
            Withdrawn
        }
    }
}
