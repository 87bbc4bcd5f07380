/** Objects that follow from the spec alone, and what was there before them under the same names. */
@NullMarked
package io.matriarch.plan.objects;

import org.jspecify.annotations.NullMarked;
