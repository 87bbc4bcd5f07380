package io.matriarch.instance.ha;

/**
 * Work on PostgreSQL that takes a while. There are two lanes: a {@link Job} is done alone, and what must happen soon may have to wait for it; a
 * {@link Chore} is done beside it, and nothing ever waits for that (docs/decisions/0012).
 */
public sealed interface Task permits Job, Chore {}
