@NullMarked
package io.matriarch.plan.workload;

import org.jspecify.annotations.NullMarked;
