package io.matriarch.instance.ha;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Work on PostgreSQL that takes a while; one at a time. */
public sealed interface Job {
    /** Look at the volume. */
    record Inspect() implements Job {}

    /** Make the database system. */
    record Initdb() implements Job {}

    /** Copy the primary. */
    record Clone(String address, String systemIdentifier) implements Job {}

    /** Give the copy up that can no longer follow. */
    record Discard() implements Job {}

    record StartPrimary(long epoch) implements Job {}

    record StartReplica(@Nullable String address) implements Job {}

    record Follow(String address) implements Job {}

    /** Try the settings and use them. */
    record Apply(String revision) implements Job {}

    /** Have a slot for each of these members and for no other. */
    record KeepSlots(List<Integer> ordinals) implements Job {}

    /** Give the roles the passwords of the Secrets. */
    record SetPasswords() implements Job {}

    /** Fast shutdown. */
    record Stop() implements Job {}
}
