/**
 * Everything that may end PostgreSQL or the container: the guard, the fuse, and the clock and pauses that they go by. It asks no other program or
 * member (docs/internals/protocol.md 4).
 */
@NullMarked
package io.matriarch.instance.fence;

import org.jspecify.annotations.NullMarked;
