/** What the operator asks the agents, and what they report: bootstrap, settings, requests, replication. */
@NullMarked
package io.matriarch.plan.postgres;

import org.jspecify.annotations.NullMarked;
