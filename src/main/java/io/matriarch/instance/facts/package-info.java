/** What was seen of this member's PostgreSQL and volume: only values, without files, processes, threads or clock. */
@NullMarked
package io.matriarch.instance.facts;

import org.jspecify.annotations.NullMarked;
