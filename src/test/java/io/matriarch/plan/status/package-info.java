@NullMarked
package io.matriarch.plan.status;

import org.jspecify.annotations.NullMarked;
