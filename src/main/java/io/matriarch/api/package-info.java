/** The custom resources as users write and read them, as data: no logic, no client. */
@NullMarked
package io.matriarch.api;

import org.jspecify.annotations.NullMarked;
