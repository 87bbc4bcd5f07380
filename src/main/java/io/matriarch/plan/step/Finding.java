package io.matriarch.plan.step;

import io.matriarch.plan.postgres.Configuration;
import io.matriarch.plan.workload.Volumes;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Something that the user must know. The findings of a pass become conditions, and an Event each time a condition says something new.
 *
 * @param topic the condition it belongs to
 * @param needsUser whether only the user (or an administrator) can cure it: the cluster is then {@code Stalled}
 * @param reason one word in CamelCase
 * @param message what was wrong, where, and what to do; the same words in every pass as long as nothing changed
 * @param telling when an Event reports it
 */
public record Finding(Topic topic, boolean needsUser, String reason, String message, Telling telling) {
    /** When an Event reports a finding. */
    public enum Telling {
        /** Whenever its message changes. */
        EachMessage,
        /** When it begins. The rest of the message may change while it lasts. */
        Beginning,
        /** Never: it comes and goes, and the condition reports it. */
        Never
    }

    /** Messages about replication, pending restarts and upgrades change all the time: for these, an Event reports only the beginning. */
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

    /** The same finding, reported by Events at other times. */
    public Finding told(Telling when) {
        return new Finding(topic, needsUser, reason, message, when);
    }

    /** The condition that reports a finding. */
    public enum Topic {
        Cluster,
        /** Reported in addition to the condition Ready, whose status stays as it is. */
        Notice,
        Replication,
        Volumes,
        Configuration,
        Restart,
        Upgrade
    }

    /** A problem that only the user can solve. */
    public static Finding stalled(String reason, String message) {
        return new Finding(Topic.Cluster, true, reason, message);
    }

    /** A problem that may pass by itself. */
    public static Finding trouble(String reason, String message) {
        return new Finding(Topic.Cluster, false, reason, message);
    }

    /** The messages of several findings, each once. */
    public static String messages(List<Finding> findings) {
        return findings.stream().map(Finding::message).distinct().collect(Collectors.joining("; "));
    }
}
