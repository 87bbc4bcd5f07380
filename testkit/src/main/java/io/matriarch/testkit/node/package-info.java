/**
 * Nodes made of local processes: a kubelet that runs each pod's containers as processes of this machine on a loopback address of the pod's own,
 * a scheduler, Services as local TCP proxies, and faults by method call. It speaks to the API server like any other client
 * (docs/decisions/0003). Test code; never part of the product.
 */
@NullMarked
package io.matriarch.testkit.node;

import org.jspecify.annotations.NullMarked;
