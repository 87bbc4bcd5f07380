package io.matriarch;

/**
 * The digest of the jars that these very classes were built as ({@link Jars}). It stands in a class, not beside it: the JVM takes classes from an AOT
 * cache without a look at the jar, while a resource always comes from the jar. {@code deploy/image/assemble} replaces this class in the image.
 */
final class BuildDigest {
    private BuildDigest() {}

    /** Empty outside an image. */
    static String value() {
        return "";
    }
}
