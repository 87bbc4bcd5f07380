/** The desired objects, as pure functions: cluster and view in, objects out, without client or clock. */
@NullMarked
package io.matriarch.render;

import org.jspecify.annotations.NullMarked;
