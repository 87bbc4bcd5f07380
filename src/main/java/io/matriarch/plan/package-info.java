/** All steps of a pass, in order: pure decisions about a view of the cluster, without client or clock. */
@NullMarked
package io.matriarch.plan;

import org.jspecify.annotations.NullMarked;
