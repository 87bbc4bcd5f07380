/** The steps, as tables: a view of a cluster in, a plan out. */
@NullMarked
package io.matriarch.plan;

import org.jspecify.annotations.NullMarked;
