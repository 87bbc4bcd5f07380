package io.matriarch.testkit;

/**
 * How somebody asks for a write.
 *
 * @param manager field manager
 * @param subresource empty, {@code status} or {@code scale}
 * @param force take over fields of other managers
 * @param dryRun do all but the write
 * @param strict refuse unknown fields
 */
record Ask(String manager, String subresource, boolean force, boolean dryRun, boolean strict) {}
