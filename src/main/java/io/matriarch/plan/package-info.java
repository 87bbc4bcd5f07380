/** The steps of a pass: pure decisions about a view of the cluster. No client, no clock. */
@NullMarked
package io.matriarch.plan;

import org.jspecify.annotations.NullMarked;
