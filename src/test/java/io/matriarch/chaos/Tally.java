package io.matriarch.chaos;

import java.util.ArrayList;
import java.util.List;

/** What came of one kind of fault, over all times it was made. */
final class Tally {
    private final List<Long> outages = new ArrayList<>();
    private long acknowledged;
    private long lost;

    void add(Trial.Outcome outcome) {
        outages.add(outcome.outage());
        outages.sort(null);
        acknowledged += outcome.acknowledged();
        lost += outcome.lost();
    }

    int times() {
        return outages.size();
    }

    long acknowledged() {
        return acknowledged;
    }

    /** As an asynchronous cluster may, or a forced failover. */
    long lost() {
        return lost;
    }

    /** Of the longest times without an acknowledgement, in milliseconds. */
    long median() {
        return outages.get(outages.size() / 2);
    }

    long worst() {
        return outages.getLast();
    }
}
