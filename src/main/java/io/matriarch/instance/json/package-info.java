/** JSON for the agent: records and trees by jackson-jr, as Jackson's full data binding is 6 MB of memory in each database pod. */
@NullMarked
package io.matriarch.instance.json;

import org.jspecify.annotations.NullMarked;
