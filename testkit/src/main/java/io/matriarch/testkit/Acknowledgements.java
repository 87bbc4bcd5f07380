package io.matriarch.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** What clients that write numbered rows were told, in the order of one clock; and what must be true of it (docs/internals/protocol.md 11). */
public record Acknowledgements(List<Entry> entries) {
    /**
     * An acknowledgement.
     *
     * @param row its number; each writer counts on, whether a row was acknowledged or not
     * @param timeline that the row was written on; two reigns never have the same
     * @param server address of the server that gave it; empty when the client did not ask
     * @param at when it arrived, in microseconds of one clock
     */
    public record Entry(int writer, int row, int timeline, String server, long at) {
        /** The row as {@link #missing} wants it. */
        public String key() {
            return writer + " " + row;
        }
    }

    public Acknowledgements {
        entries = entries.stream().sorted(Comparator.comparingLong(Entry::at)).toList();
    }

    /** Those of some writers. */
    public Acknowledgements of(java.util.function.IntPredicate writers) {
        return new Acknowledgements(
                entries.stream().filter(entry -> writers.test(entry.writer())).toList());
    }

    public int size() {
        return entries.size();
    }

    /** The longest time without any, in milliseconds. */
    public long outage() {
        long worst = 0;
        for (int i = 1; i < entries.size(); i++) {
            worst = Math.max(worst, entries.get(i).at() - entries.get(i - 1).at());
        }
        return worst / 1000;
    }

    /** Those whose rows are not among these, each as {@link Entry#key}. */
    public List<Entry> missing(Collection<String> rows) {
        Set<String> there = new HashSet<>(rows);
        return entries.stream().filter(entry -> !there.contains(entry.key())).toList();
    }

    /** No server acknowledges anything once another reign has, nor a server after another one of the same timeline. */
    public void reignsDoNotInterleave() {
        Set<String> over = new HashSet<>();
        for (int i = 1; i < entries.size(); i++) {
            Entry before = entries.get(i - 1);
            Entry now = entries.get(i);
            assertThat(now.timeline())
                    .as("timeline of %s after %s", now, before)
                    .isGreaterThanOrEqualTo(before.timeline());
            if (!now.server().equals(before.server())) {
                over.add(before.timeline() + " " + before.server());
            }
            assertThat(over).as("%s after %s", now, before).doesNotContain(now.timeline() + " " + now.server());
        }
    }

    /**
     * The same for an asynchronous cluster whose primary stood still with its whole machine: before its fuse ends it, it may acknowledge for a
     * moment after its successor did (docs/high-availability.md, "Not promised").
     *
     * @param moment how long at most, in milliseconds
     */
    public void reignsInterleaveForAMomentAtMost(long moment) {
        List<Entry> late = new ArrayList<>();
        List<Entry> others = new ArrayList<>();
        int newest = 0;
        for (Entry entry : entries) {
            newest = Math.max(newest, entry.timeline());
            (entry.timeline() < newest ? late : others).add(entry);
        }
        new Acknowledgements(others).reignsDoNotInterleave();
        if (!late.isEmpty()) {
            assertThat(late.getLast().at() - late.getFirst().at())
                    .as("microseconds from %s to %s, after a successor", late.getFirst(), late.getLast())
                    .isLessThan(moment * 1000);
        }
    }

    /**
     * What is missing is what an asynchronous cluster may lose: of each timeline only the end, as a new primary has all up to some point.
     *
     * @param tail how long before a timeline's last acknowledgement a lost one may be, in milliseconds
     */
    public void onlyEndsAreMissing(Collection<String> rows, long tail) {
        Set<Entry> missing = new HashSet<>(missing(rows));
        Map<Integer, Long> last = new HashMap<>();
        Map<String, Entry> firstMissing = new HashMap<>();
        entries.forEach(entry -> last.put(entry.timeline(), entry.at()));
        for (Entry entry : entries) {
            String line = entry.writer() + " on " + entry.timeline();
            if (missing.contains(entry)) {
                firstMissing.putIfAbsent(line, entry);
                assertThat(Objects.requireNonNull(last.get(entry.timeline())) - entry.at())
                        .as("microseconds from %s, which is missing, to the end of its timeline", entry)
                        .isLessThanOrEqualTo(tail * 1000);
            } else {
                assertThat(firstMissing.get(line))
                        .as("missing, while %s is there, which was written after it on the same timeline", entry)
                        .isNull();
            }
        }
    }
}
