/** Look, decide, act: the loop, and the work that it starts. */
@NullMarked
package io.matriarch.instance.loop;

import org.jspecify.annotations.NullMarked;
