package io.matriarch.instance.postgres;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a postmaster logs when it reads its files again (postmaster.c, {@code process_pm_reload_request}). If it keeps the former pg_hba.conf,
 * pg_ident.conf or TLS, only its log says so; no session can query that. One thread feeds this, and any thread may ask.
 */
final class ReloadLog {
    private static final Pattern MESSAGE = Pattern.compile("(LOG|DETAIL|HINT|CONTEXT):  (.*)");

    /** The last message; it is the reason if the next one says that a file was not accepted. */
    private String last = "";

    private volatile String complaint = "";
    private volatile boolean errors;

    void read(String line) {
        Matcher matcher = MESSAGE.matcher(line);
        if (!matcher.find()) {
            return;
        }
        String words = matcher.group(2);
        if (!matcher.group(1).equals("LOG")) {
            last += last.isEmpty() ? "" : "; " + words;
        } else if (words.startsWith("received SIGHUP")) {
            last = "";
            complaint = "";
            errors = false;
        } else if (words.contains(" contains errors; ")) {
            errors = true;
        } else if (words.endsWith(" was not reloaded")) {
            String file = words.substring(words.lastIndexOf('/') + 1);
            complaint += (complaint.isEmpty() ? "" : "; ") + file + (last.isEmpty() ? "" : ": " + last);
            last = "";
        } else {
            last = words;
        }
    }

    /** Whether something in postgresql.conf was not applied, even if only because it needs a restart. */
    boolean errors() {
        return errors;
    }

    Optional<String> complaint() {
        return complaint.isEmpty() ? Optional.empty() : Optional.of(complaint);
    }
}
