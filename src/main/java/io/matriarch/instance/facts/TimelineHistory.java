package io.matriarch.instance.facts;

import io.matriarch.api.contract.Lsn;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where a timeline comes from: the content of its history file (manual, "Timelines").
 *
 * @param timeline whose history it is
 * @param forks its ancestors, oldest first, and where the next timeline left each
 */
public record TimelineHistory(int timeline, List<Fork> forks) {
    public TimelineHistory {
        forks = List.copyOf(forks);
    }

    /** {@code timeline} ends at {@code lsn}: its descendants lack what its owner wrote after that. */
    public record Fork(int timeline, long lsn) {}

    /** Parses lines of ancestor, position and reason, separated by tabs. */
    public static TimelineHistory parse(int timeline, String text) {
        List<Fork> forks = new ArrayList<>();
        text.lines()
                .map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty())
                .forEach(line -> {
                    String[] words = line.split("\\s+");
                    forks.add(new Fork(Integer.parseInt(words[0]), Lsn.parse(words[1])));
                });
        return new TimelineHistory(timeline, forks);
    }

    /** Where this history leaves a timeline; empty for its own timeline and for one that it was never on. */
    public OptionalLong leaves(int former) {
        return forks.stream()
                .filter(fork -> fork.timeline() == former)
                .mapToLong(Fork::lsn)
                .findFirst();
    }

    /** Where the timeline itself began; 0 for the first timeline. */
    public long began() {
        return forks.isEmpty() ? 0 : forks.getLast().lsn();
    }

    /** The timeline that it forked off; 0 for the first timeline. */
    public int parent() {
        return forks.isEmpty() ? 0 : forks.getLast().timeline();
    }

    /** The timeline and all its ancestors. */
    public Set<Integer> lineage() {
        return Stream.concat(forks.stream().map(Fork::timeline), Stream.of(timeline))
                .collect(Collectors.toUnmodifiableSet());
    }
}
