/** What is seen of this member's PostgreSQL and volume: values only, without files, processes, threads or clock. */
@NullMarked
package io.matriarch.instance.facts;

import org.jspecify.annotations.NullMarked;
