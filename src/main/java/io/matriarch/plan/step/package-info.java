/** What plans consist of: steps, actions, findings. This package knows no kind of object. */
@NullMarked
package io.matriarch.plan.step;

import org.jspecify.annotations.NullMarked;
