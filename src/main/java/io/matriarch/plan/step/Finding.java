package io.matriarch.plan.step;

import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.workload.Volumes;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Something the user is to know. Findings of a pass become conditions, and an Event each time a condition says something new.
 *
 * @param topic the condition it belongs to
 * @param needsUser whether nothing but the user (or an administrator) can cure it: the cluster is then {@code Stalled}
 * @param reason one word in CamelCase
 * @param message what was wrong, where, and what to do; the same words in every pass as long as nothing changed
 * @param telling when an Event says it
 */
public record Finding(Topic topic, boolean needsUser, String reason, String message, Telling telling) {
    /** When an Event says a finding. */
    public enum Telling {
        /** Whenever its message is another one. */
        EachMessage,
        /** When it begins. What the message says besides may change while it goes on. */
        Beginning,
        /** Never: it comes and goes, and the condition says so. */
        Never
    }

    /** The messages about replication, pending restarts and upgrades change all the time: an Event tells only that they begin. */
    public Finding(Topic topic, boolean needsUser, String reason, String message) {
        this(
                topic,
                needsUser,
                reason,
                message,
                switch (topic) {
                    case Replication, Restart, Upgrade -> Telling.Beginning;
                    case Cluster, Notice, Volumes, Configuration -> Telling.EachMessage;
                });
    }

    /** The same, told by an Event in another way. */
    public Finding told(Telling when) {
        return new Finding(topic, needsUser, reason, message, when);
    }

    /** Which condition a finding is told in. */
    public enum Topic {
        Cluster,
        /** Told beside the condition Ready, which stays as it is. */
        Notice,
        Replication,
        Volumes,
        Configuration,
        Restart,
        Upgrade
    }

    /** Trouble that only the user can end. */
    public static Finding stalled(String reason, String message) {
        return new Finding(Topic.Cluster, true, reason, message);
    }

    /** Trouble that may pass by itself. */
    public static Finding trouble(String reason, String message) {
        return new Finding(Topic.Cluster, false, reason, message);
    }

    /** What several findings say, each once. */
    public static String messages(List<Finding> findings) {
        return findings.stream().map(Finding::message).distinct().collect(Collectors.joining("; "));
    }
}
