/** PostgreSQL on this member's volume: files, processes, SQL. */
@NullMarked
package io.matriarch.instance.postgres;

import org.jspecify.annotations.NullMarked;
