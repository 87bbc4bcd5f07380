/**
 * The judge: Matriarch on a real Kubernetes, whichever {@code KUBECONFIG} names, seen as a user sees it: by kubectl and psql. Each test has a
 * namespace of its own and reads like a page of the manual. {@code docs/development.md} says how to run them.
 */
@NullMarked
package io.matriarch.e2e;

import org.jspecify.annotations.NullMarked;
