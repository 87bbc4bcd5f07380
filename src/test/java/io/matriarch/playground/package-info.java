/**
 * {@code ./playground}: the embedded cluster with a real operator, real agents and a real PostgreSQL, for people to look at and to break
 * (docs/playground.md). Test code; never part of the product.
 */
@NullMarked
package io.matriarch.playground;

import org.jspecify.annotations.NullMarked;
