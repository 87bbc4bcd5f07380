/** What plans are made of: steps, actions, findings. It knows no kind of object. */
@NullMarked
package io.matriarch.plan.step;

import org.jspecify.annotations.NullMarked;
