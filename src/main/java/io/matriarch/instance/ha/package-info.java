/** The protocol of one member: a state machine without I/O, threads or clock (ha.md section 7). */
@NullMarked
package io.matriarch.instance.ha;

import org.jspecify.annotations.NullMarked;
