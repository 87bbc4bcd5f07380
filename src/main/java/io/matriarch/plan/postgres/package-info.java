/** What is asked of the agents, and what they say: bootstrap, settings, requests, replication. */
@NullMarked
package io.matriarch.plan.postgres;

import org.jspecify.annotations.NullMarked;
