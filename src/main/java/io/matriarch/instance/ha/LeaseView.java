package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.json.Node;

/**
 * The Lease as the API server gave it.
 *
 * @param resourceVersion any write to the Lease changes it
 * @param holder identity of the holder, empty for nobody
 * @param object the whole object, for writing it back; the protocol does not look into it
 */
public record LeaseView(String resourceVersion, String holder, ClusterLease state, Node object) {}
