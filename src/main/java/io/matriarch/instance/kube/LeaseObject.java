package io.matriarch.instance.kube;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.ha.LeaseView;
import io.matriarch.instance.json.Node;

/**
 * The Lease as a whole object, as it must be written back.
 *
 * @param view everything that a decision needs of it
 */
public record LeaseObject(LeaseView view, Node object) {
    public String resourceVersion() {
        return view.resourceVersion();
    }

    public String holder() {
        return view.holder();
    }

    public ClusterLease state() {
        return view.state();
    }
}
