/** JSON for the agent: records and trees by jackson-jr, because Jackson's full data binding would cost each database pod 6 MB of memory. */
@NullMarked
package io.matriarch.instance.json;

import org.jspecify.annotations.NullMarked;
