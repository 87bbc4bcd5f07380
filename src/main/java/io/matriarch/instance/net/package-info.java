/** The agent's HTTPS: probes, status, metrics. */
@NullMarked
package io.matriarch.instance.net;

import org.jspecify.annotations.NullMarked;
