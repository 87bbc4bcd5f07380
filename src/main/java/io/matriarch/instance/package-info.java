/** The agent in every database pod: it puts its parts together. */
@NullMarked
package io.matriarch.instance;

import org.jspecify.annotations.NullMarked;
