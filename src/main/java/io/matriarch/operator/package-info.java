/** The operator program: wiring, observing, acting, reporting. It contains no rules of its own. */
@NullMarked
package io.matriarch.operator;

import org.jspecify.annotations.NullMarked;
