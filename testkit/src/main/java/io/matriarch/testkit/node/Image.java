package io.matriarch.testkit.node;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a name of an image stands for on this machine.
 *
 * @param entrypoint what the command is when the container gives none
 * @param environment the image's own, which the container's comes on top of
 * @param folders paths inside the image, and where their content is on this machine
 * @param stopSignal what ends it
 * @param note what a user should know, such as that it is another version; empty for nothing
 */
public record Image(
        List<String> entrypoint,
        Map<String, String> environment,
        Map<String, Path> folders,
        String stopSignal,
        String note) {
    static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** The programs of this machine. */
    public static Image ofThisMachine() {
        return new Image(List.of(), Map.of("PATH", PATH), Map.of(), "TERM", "");
    }

    /** The official image of PostgreSQL, by this machine's packages. */
    static Image postgres(Path programs, int major, String note) {
        return new Image(
                List.of("docker-entrypoint.sh"),
                Map.of(
                        "PATH",
                        programs + ":" + PATH,
                        "PG_MAJOR",
                        Integer.toString(major),
                        "LANG",
                        "en_US.utf8",
                        "HOME",
                        "/var/lib/postgresql"),
                Map.of(),
                "INT",
                note);
    }
}
