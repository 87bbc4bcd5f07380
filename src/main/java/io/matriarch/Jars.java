package io.matriarch;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The program's jars as they are on disk: {@code matriarch.jar} and the folder {@code lib} beside it. Their digest is computed from the names,
 * sizes and checksums in their directories, so that it costs a start only some milliseconds. It leaves out {@link BuildDigest}, into which it is
 * written.
 */
final class Jars {
    private static final String OWN = "io/matriarch/BuildDigest.class";
    /** How many hexadecimal digits of the digest are shown. */
    private static final int DIGITS = 12;

    private Jars() {}

    /**
     * The jar of the program, which is the first on the class path. A class of the AOT cache does not know where its jar is once the image lies
     * elsewhere than where the cache was made: its code source then has no location (JDK 25).
     */
    static Path program() {
        String path = System.getProperty("java.class.path");
        int end = path.indexOf(File.pathSeparatorChar);
        return Path.of(end < 0 ? path : path.substring(0, end)).toAbsolutePath();
    }

    /** Usage: {@code Jars PROGRAM.jar}. Prints the digest, for {@code deploy/image/assemble}. */
    public static void main(String[] arguments) throws IOException {
        System.out.println(digest(Path.of(arguments[0])));
    }

    /**
     * The digest, in twelve hexadecimal digits.
     *
     * @param program the jar of the program
     */
    static String digest(Path program) throws IOException {
        List<Path> jars = new ArrayList<>(List.of(program));
        Path libraries = program.resolveSibling("lib");
        if (Files.isDirectory(libraries)) {
            try (var files = Files.newDirectoryStream(libraries, "*.jar")) {
                files.forEach(jars::add);
            }
        }
        List<String> lines = new ArrayList<>();
        for (Path jar : jars) {
            try (ZipFile zip = new ZipFile(jar.toFile())) {
                for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                    ZipEntry entry = entries.nextElement();
                    if (!entry.isDirectory() && !entry.getName().equals(OWN)) {
                        lines.add(jar.getFileName() + "!" + entry.getName() + " " + entry.getSize() + " "
                                + entry.getCrc());
                    }
                }
            }
        }
        Collections.sort(lines);
        MessageDigest digest = sha256();
        for (String line : lines) {
            digest.update(line.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) '\n');
        }
        return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
