package io.matriarch.instance.ha;

/**
 * Work on PostgreSQL that takes a while. There are two lanes. A {@link Job} runs alone, and even urgent work may have to wait for it. A
 * {@link Chore} runs beside it, and nothing ever waits for a chore (docs/decisions/0012).
 */
public sealed interface Task permits Job, Chore {}
