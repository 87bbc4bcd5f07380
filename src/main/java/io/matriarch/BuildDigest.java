package io.matriarch;

/**
 * The digest of the jars from which these very classes were built ({@link Jars}). It is in a class, and not in a resource: the JVM takes classes
 * from an AOT cache without looking at the jar, while a resource always comes from the jar. {@code deploy/image/assemble} replaces this class in
 * the image.
 */
final class BuildDigest {
    private BuildDigest() {}

    /** The digest; empty outside an image. */
    static String value() {
        return "";
    }
}
