/** The protocol of one member: a state machine without I/O, threads or clock (docs/internals/protocol.md). */
@NullMarked
package io.matriarch.instance.ha;

import org.jspecify.annotations.NullMarked;
