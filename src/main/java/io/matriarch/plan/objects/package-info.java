/** Objects that follow from the spec alone, and objects that existed before them under the same names. */
@NullMarked
package io.matriarch.plan.objects;

import org.jspecify.annotations.NullMarked;
