/** Keeps the Lease, and what substitutes for it: the promises on this disk, and those of the other members. */
@NullMarked
package io.matriarch.instance.lease;

import org.jspecify.annotations.NullMarked;
