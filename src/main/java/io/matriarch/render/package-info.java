/** Desired objects, purely: cluster and view in, objects out. No client, no clock. */
@NullMarked
package io.matriarch.render;

import org.jspecify.annotations.NullMarked;
