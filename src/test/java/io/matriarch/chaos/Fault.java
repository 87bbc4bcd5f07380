package io.matriarch.chaos;

/**
 * Something that breaks.
 *
 * @param name as people say it
 * @param moves whether another member is the primary afterwards
 * @param loses what a client may miss afterwards
 * @param strike makes it, waits as long as it shall last, and tells the scene how to undo it
 */
record Fault(String name, Moves moves, Loses loses, Strike strike) {
    /** Whether the role of the primary moves. */
    enum Moves {
        Always,
        Maybe,
        Never
    }

    /** What of the acknowledged rows may be missing, in the mode that promises least. */
    enum Loses {
        /** In no mode anything: it is planned, or a member comes back with its data. */
        Nothing(0),
        /** Asynchronous: what was under way when the primary ended. */
        LastMoment(3_000),
        /** Asynchronous: what a primary acknowledged that nobody heard any more. */
        WhileCutOff(20_000),
        /** In any mode what the only member left had not got: a human took that upon them. */
        AsForced(3_000);

        private final long tailMillis;

        Loses(long tailMillis) {
            this.tailMillis = tailMillis;
        }

        /** How long before a timeline's last acknowledgement a lost one may be. */
        long tailMillis() {
            return tailMillis;
        }
    }

    /** Makes a fault. */
    interface Strike {
        void on(Scene scene) throws Exception;
    }

    /** Whether only root can make it. */
    boolean takesRoot() {
        return NetworkFaults.ALL.contains(this)
                || equals(CompoundFaults.REWIND_BROKEN)
                || equals(ProcessFaults.VOLUME_FULL)
                || equals(ProcessFaults.VOLUME_STAYS_FULL);
    }

    @Override
    public String toString() {
        return name;
    }
}
