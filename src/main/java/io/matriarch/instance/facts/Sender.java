package io.matriarch.instance.facts;

/**
 * A member that reads WAL from here.
 *
 * @param address of its pod
 * @param streaming whether it has caught up once; otherwise it still reads what is behind
 */
public record Sender(int ordinal, String address, boolean streaming, long flushed, long replayed) {}
