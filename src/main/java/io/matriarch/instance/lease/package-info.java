/** Keeps the Lease, and what stands in for it: promises on this disk, and those of the others. */
@NullMarked
package io.matriarch.instance.lease;

import org.jspecify.annotations.NullMarked;
