package io.matriarch.instance.postgres;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.matriarch.instance.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which member this volume belongs to: {@code matriarch/member.json}, beside PGDATA.
 *
 * @param owner {@code namespace/cluster}
 * @param major version of the data
 * @param primaryEpoch the last epoch in which this member was the primary; 0 for never
 * @param timelines the timeline that each epoch of this member owned, as far as its data still has them: two members that are promoted
 *     independently choose the same number, and PostgreSQL cannot tell them apart (docs/internals/postgresql.md 5)
 * @param rewindableFrom the position in the WAL since which a rewind finds everything that changed ({@link Rewindable}); null for the beginning
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record MemberFile(
        String owner,
        String systemIdentifier,
        int major,
        long primaryEpoch,
        Map<Long, Integer> timelines,
        @Nullable String rewindableFrom) {
    private static final String NAME = "member.json";

    MemberFile {
        Map<Long, Integer> byEpoch = new TreeMap<>();
        if (timelines != null) {
            Map<?, Integer> any = timelines; // JSON's keys are strings
            any.forEach((key, value) -> byEpoch.put(Long.valueOf(String.valueOf(key)), value));
        }
        timelines = Collections.unmodifiableMap(byEpoch);
    }

    /** For data that was created here. */
    static MemberFile of(String owner, String systemIdentifier, int major) {
        return new MemberFile(owner, systemIdentifier, major, 0, new TreeMap<>(), null);
    }

    static Optional<MemberFile> read(Path state) throws IOException {
        Path file = state.resolve(NAME);
        return Files.exists(file)
                ? Optional.of(Json.read(Files.readAllBytes(file), MemberFile.class))
                : Optional.empty();
    }

    void write(Path state) throws IOException {
        writeDurably(state.resolve(NAME), Json.bytes(this));
    }

    /** This file with one more reign. */
    MemberFile reigning(long epoch, int timeline) {
        SortedMap<Long, Integer> next = new TreeMap<>(timelines);
        next.put(epoch, timeline);
        return new MemberFile(owner, systemIdentifier, major, epoch, next, rewindableFrom);
    }

    /** This file without reigns on timelines that the data no longer has. */
    MemberFile keeping(Set<Integer> ancestors) {
        SortedMap<Long, Integer> next = new TreeMap<>(timelines);
        next.values().retainAll(ancestors);
        return new MemberFile(owner, systemIdentifier, major, primaryEpoch, next, rewindableFrom);
    }

    /** This file with another position since which the data can be rewound. */
    MemberFile rewindable(@Nullable String from) {
        return new MemberFile(owner, systemIdentifier, major, primaryEpoch, timelines, from);
    }

    /** Replaces a file so that a crash leaves the whole old or the whole new version. */
    static void writeDurably(Path file, byte[] content) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolder(java.util.Objects.requireNonNull(file.getParent()));
    }

    /** Makes creations, renames and deletions in a folder survive a crash. */
    static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
