/** Pods and claims: their shape, number, growth and replacement. */
@NullMarked
package io.matriarch.plan.workload;

import org.jspecify.annotations.NullMarked;
