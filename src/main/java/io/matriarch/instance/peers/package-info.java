/** What this member asks of others and answers them. */
@NullMarked
package io.matriarch.instance.peers;

import org.jspecify.annotations.NullMarked;
