/** The agent in every database pod: wiring of its parts. */
@NullMarked
package io.matriarch.instance;

import org.jspecify.annotations.NullMarked;
