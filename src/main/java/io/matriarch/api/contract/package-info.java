/**
 * What the operator and the agents say to each other, as data. Either side must understand the other one release older: fields are only
 * added, unknown ones are ignored, and {@code v} says which release of a document this is. docs/contract.md tells the story.
 */
@NullMarked
package io.matriarch.api.contract;

import org.jspecify.annotations.NullMarked;
