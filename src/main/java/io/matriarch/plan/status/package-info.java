/** What the user is told. */
@NullMarked
package io.matriarch.plan.status;

import org.jspecify.annotations.NullMarked;
