/** What was seen of a cluster at one moment, and what follows from that alone. */
@NullMarked
package io.matriarch.plan.view;

import org.jspecify.annotations.NullMarked;
