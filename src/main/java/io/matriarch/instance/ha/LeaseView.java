package io.matriarch.instance.ha;

import io.matriarch.api.contract.ClusterLease;

/**
 * The Lease as the API server returned it.
 *
 * @param resourceVersion any write to the Lease changes it
 * @param holder identity of the holder; empty if nobody holds the Lease
 */
public record LeaseView(String resourceVersion, String holder, ClusterLease state) {}
