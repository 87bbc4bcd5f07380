package io.matriarch.instance.facts;

/**
 * A member that reads WAL from here.
 *
 * @param address of its pod
 * @param streaming whether it has caught up once; otherwise it is still reading older WAL
 */
public record Sender(int ordinal, String address, boolean streaming, long flushed, long replayed) {}
