/** All that may end PostgreSQL or the container: guard, fuse, the clock and pauses they go by. Asks nobody (docs/internals/protocol.md 4). */
@NullMarked
package io.matriarch.instance.fence;

import org.jspecify.annotations.NullMarked;
