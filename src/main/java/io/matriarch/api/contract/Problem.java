package io.matriarch.api.contract;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * Why a member cannot continue.
 *
 * @param reason one word in CamelCase for conditions and Events: the name of a {@link Reason}, or one that only another version knows
 * @param message what was wrong, where, and what to do
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Problem(String reason, String message) {
    public Problem(Reason reason, String message) {
        this(reason.name(), message);
    }

    /** The reason, or Unknown if this version does not know it. */
    public Reason known() {
        return Reason.named(reason);
    }

    public boolean is(Reason other) {
        return known() == other;
    }

    /** What helps. */
    public enum Cure {
        /** A pod of another template may help. As PostgreSQL is down, replacing the pod costs nothing. */
        NewPod,
        /** A human has to decide: it concerns data, or what may be lost. */
        User,
        /** Other members have to come back. */
        Others,
        /** The problem passes, or the agent tries again. A pod that is down in spite of that may as well be replaced. */
        Time;

        /** Whether a pod that is down with this problem may be replaced by one of a newer template. */
        public boolean newPodMayHelp() {
            return this == NewPod || this == Time;
        }
    }

    /** What a problem is about. */
    public enum Subject {
        Member,
        /** The image of its container. */
        Image,
        Volume,
        /** No member is elected, and this member says why. */
        Election
    }

    /** All reasons of this version. They are names in the protocol: never rename one. */
    public enum Reason {
        AdoptionFailed(Cure.User),
        AgentError(Cure.NewPod),
        BootstrapSQLFailed(Cure.NewPod),
        CertificatesMissing(Cure.NewPod),
        CheckpointFailed(Cure.Time),
        CloneFailed(Cure.NewPod),
        ControlDataMissing(Cure.NewPod),
        DataAhead(Cure.User),
        DataLost(Cure.User),
        DiskFull(Cure.NewPod, Subject.Volume),
        FirstWriteFailed(Cure.Time),
        ForeignVolume(Cure.User),
        HandOverFailed(Cure.Time),
        HasMore(Cure.Time),
        HistoryUnknown(Cure.Time),
        InitdbFailed(Cure.NewPod),
        Interrupted(Cure.Time),
        LagTooHigh(Cure.User, Subject.Election),
        LeaseGone(Cure.User, Subject.Election),
        NoPostgres(Cure.NewPod, Subject.Image),
        NoQuorum(Cure.Others, Subject.Election),
        NotAReplica(Cure.Time),
        NotReplayed(Cure.Time),
        NotRewindable(Cure.Time),
        PasswordFailed(Cure.NewPod),
        PositionUnknown(Cure.Time),
        PostgresEnded(Cure.NewPod),
        PromotionFailed(Cure.NewPod),
        RebuildWaits(Cure.Others),
        ReceiverNotStopped(Cure.Time),
        ReplayBehind(Cure.Time),
        ReplayUnknown(Cure.Time),
        ReplicasBehind(Cure.Time),
        RewindBroke(Cure.Time),
        RewindFailed(Cure.Time),
        SQLMissing(Cure.NewPod),
        SecretMissing(Cure.NewPod),
        SettingsRejected(Cure.NewPod),
        SettingsUntried(Cure.NewPod),
        SlotsFailed(Cure.Time),
        StartFailed(Cure.NewPod),
        SynchronousFailed(Cure.Time),
        TablespacesUnknown(Cure.NewPod),
        UnfinishedVolume(Cure.NewPod),
        UnsupportedVersion(Cure.NewPod, Subject.Image),
        VolumeError(Cure.NewPod, Subject.Volume),
        VolumeInUse(Cure.NewPod, Subject.Volume),
        WrongMajor(Cure.NewPod, Subject.Image),
        /** A reason that only another version knows. It may concern data, so no pod is replaced because of it. */
        Unknown(Cure.Others);

        private final Cure cure;
        private final Subject about;

        Reason(Cure cure) {
            this(cure, Subject.Member);
        }

        Reason(Cure cure, Subject about) {
            this.cure = cure;
            this.about = about;
        }

        public Cure cure() {
            return cure;
        }

        public Subject about() {
            return about;
        }

        static Reason named(String name) {
            for (Reason reason : values()) {
                if (reason.name().equals(name)) {
                    return reason;
                }
            }
            return Unknown;
        }
    }
}
