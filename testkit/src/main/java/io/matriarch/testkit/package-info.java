/**
 * A Kubernetes in this process, as far as Matriarch uses one: an API server over a store of JSON trees, the StatefulSet controller, garbage
 * collection, and pods whose agents are simulated. Faults are method calls. Test code; never part of the product (docs/decisions/0001).
 */
@NullMarked
package io.matriarch.testkit;

import org.jspecify.annotations.NullMarked;
