/**
 * Faults of docs/internals/faults.md on the embedded cluster, under load: the real operator, real agents and real PostgreSQL are broken on purpose,
 * and what clients were told is held against what is there afterwards.
 */
@NullMarked
package io.matriarch.chaos;

import org.jspecify.annotations.NullMarked;
