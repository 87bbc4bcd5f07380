/** What the operator reports to the user. */
@NullMarked
package io.matriarch.plan.status;

import org.jspecify.annotations.NullMarked;
