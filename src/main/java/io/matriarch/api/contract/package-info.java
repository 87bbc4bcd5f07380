/**
 * What the operator and the agents tell each other, as data. Either side must understand a version of the other that is one release older: fields
 * are only added, unknown ones are ignored, and {@code v} is the release of a document's format. docs/contract.md explains the whole contract.
 */
@NullMarked
package io.matriarch.api.contract;

import org.jspecify.annotations.NullMarked;
