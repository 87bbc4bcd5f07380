/** The agent's access to the API server: Lease, settings, its own pod. It uses only the JDK's HTTP client, to save memory. */
@NullMarked
package io.matriarch.instance.kube;

import org.jspecify.annotations.NullMarked;
