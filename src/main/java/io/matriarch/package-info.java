/** Matriarch: a Kubernetes operator for PostgreSQL clusters, each one StatefulSet. */
@NullMarked
package io.matriarch;

import org.jspecify.annotations.NullMarked;
