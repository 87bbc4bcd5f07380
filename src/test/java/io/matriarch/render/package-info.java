@NullMarked
package io.matriarch.render;

import org.jspecify.annotations.NullMarked;
