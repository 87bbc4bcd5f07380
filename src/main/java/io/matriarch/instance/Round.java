package io.matriarch.instance;

import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One question put to several members at once, each on a thread of its own; looked at while the answers come in.
 *
 * @param <A> an answer
 */
final class Round<A> {
    private final Duration began;
    private final SortedMap<Integer, A> answers = new TreeMap<>();
    private final Set<Integer> silent = new TreeSet<>();
    private final int asked;

    /** Asks the member at an address; must end by itself, with an answer or without. */
    interface Question<A> {
        A ask(String address) throws IOException;
    }

    private Round(Duration began, int asked) {
        this.began = began;
        this.asked = asked;
    }

    /**
     * Begins one.
     *
     * @param members addresses by ordinal
     * @param now before anything is sent
     * @param news told of each answer, and of each that will not come
     */
    static <A> Round<A> begin(Map<Integer, String> members, Question<A> question, Duration now, Runnable news) {
        Round<A> round = new Round<>(now, members.size());
        members.forEach(
                (ordinal, address) -> Thread.ofVirtual().name("peer-" + ordinal).start(() -> {
                    round.put(ordinal, address, question);
                    news.run();
                }));
        return round;
    }

    private void put(int ordinal, String address, Question<A> question) {
        try {
            A answer = question.ask(address);
            synchronized (this) {
                answers.put(ordinal, answer);
            }
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                silent.add(ordinal);
            }
        }
    }

    /** When it began: a proof counts from here, not from the answers. */
    Duration began() {
        return began;
    }

    /** The answers that have come, by ordinal. */
    synchronized SortedMap<Integer, A> answers() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(answers));
    }

    /** Who did not answer, or not to the point. */
    synchronized Set<Integer> silent() {
        return Set.copyOf(silent);
    }

    /** Whether nothing more will come. */
    synchronized boolean over() {
        return answers.size() + silent.size() == asked;
    }
}
