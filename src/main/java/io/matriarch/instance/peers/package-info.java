/** What this member asks other members, and what it answers them. */
@NullMarked
package io.matriarch.instance.peers;

import org.jspecify.annotations.NullMarked;
