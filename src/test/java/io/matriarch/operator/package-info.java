/** The whole operator against the embedded API server and simulated pods. */
@NullMarked
package io.matriarch.operator;

import org.jspecify.annotations.NullMarked;
