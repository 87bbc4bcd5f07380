/** All steps of a pass in their order. Pure decisions about a view of the cluster: no client, no clock. */
@NullMarked
package io.matriarch.plan;

import org.jspecify.annotations.NullMarked;
