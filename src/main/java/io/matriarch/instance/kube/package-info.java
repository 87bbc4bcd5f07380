/** The agent's view of the API server: Lease, settings, its own pod. The JDK's HTTP client only: memory counts. */
@NullMarked
package io.matriarch.instance.kube;

import org.jspecify.annotations.NullMarked;
