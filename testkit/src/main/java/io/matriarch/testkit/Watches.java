package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Event;
import io.matriarch.testkit.Store.Snapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Streams of what happens to the objects of a collection, each from the version that its client knows. */
final class Watches {
    private static final int SECONDS = 600;
    private static final long BOOKMARK = Duration.ofSeconds(30).toNanos();

    private final Store store;
    private final AtomicInteger generation = new AtomicInteger();
    private volatile boolean held;

    Watches(Store store) {
        this.store = store;
    }

    /** Ends all that are open. */
    void end() {
        generation.incrementAndGet();
    }

    /** Open watches say nothing while held, and all of it afterwards. */
    void hold(boolean on) {
        held = on;
    }

    void serve(Request request) throws IOException {
        int mine = generation.get();
        boolean bookmarks = request.flag("allowWatchBookmarks");
        String timeout = request.option("timeoutSeconds");
        long now = System.nanoTime();
        long end = now
                + Duration.ofSeconds(timeout.isEmpty() ? SECONDS : Long.parseLong(timeout))
                        .toNanos();
        long bookmark = now + BOOKMARK;
        request.exchange().getResponseHeaders().set("Content-Type", "application/json");
        request.exchange().sendResponseHeaders(200, 0);
        try (OutputStream out = request.exchange().getResponseBody()) {
            long after = begin(request, out);
            out.flush();
            while (mine == generation.get() && System.nanoTime() < end) {
                if (held) {
                    store.eventsAfter(Long.MAX_VALUE - 1, 20);
                    continue;
                }
                long before = after;
                for (Event event : store.eventsAfter(after, 100)) {
                    after = event.version();
                    if (event.key().kind().equals(request.kind().kind())) {
                        tell(request, event, out);
                    }
                }
                if (after > before) {
                    out.flush();
                }
                if (bookmarks && System.nanoTime() > bookmark) {
                    bookmark = System.nanoTime() + BOOKMARK;
                    bookmark(request, after, false, out);
                    out.flush();
                }
            }
            if (bookmarks && mine == generation.get()) {
                bookmark(request, after, false, out);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What is there already, unless the client knows it; answers the version to go on from. */
    private long begin(Request request, OutputStream out) throws IOException, InterruptedException {
        String from = request.option("resourceVersion");
        boolean initial = request.flag("sendInitialEvents");
        if (!from.isEmpty() && !from.equals("0") && !initial) {
            long after = Long.parseLong(from);
            try {
                store.eventsAfter(after, 0);
            } catch (ApiError gone) {
                line(out, "ERROR", gone.status());
                return store.version();
            }
            return after;
        }
        Snapshot snapshot = store.snapshot(request.kind().kind());
        for (ObjectNode object : snapshot.objects()) {
            if (request.admits(object)) {
                line(out, "ADDED", object);
            }
        }
        if (initial) {
            bookmark(request, snapshot.version(), true, out);
        }
        return snapshot.version();
    }

    /** An object that begins or ceases to match the selector is added or deleted, for this watch. */
    private static void tell(Request request, Event event, OutputStream out) throws IOException {
        boolean was = event.before().map(request::admits).orElse(false);
        boolean is = !event.type().equals("DELETED") && request.admits(event.object());
        if (is) {
            line(out, was ? "MODIFIED" : "ADDED", event.object());
        } else if (was) {
            ObjectNode last = event.before().orElse(event.object()).deepCopy();
            last.withObjectProperty("metadata").put("resourceVersion", Long.toString(event.version()));
            line(out, "DELETED", last);
        }
    }

    private static void bookmark(Request request, long version, boolean initialEnd, OutputStream out)
            throws IOException {
        ObjectNode object = Store.JSON.createObjectNode();
        object.put("kind", request.kind().kind())
                .put("apiVersion", request.kind().apiVersion());
        ObjectNode metadata = object.putObject("metadata");
        metadata.put("resourceVersion", Long.toString(version)).putNull("creationTimestamp");
        if (initialEnd) {
            metadata.putObject("annotations").put("k8s.io/initial-events-end", "true");
        }
        line(out, "BOOKMARK", object);
    }

    private static void line(OutputStream out, String type, JsonNode object) throws IOException {
        ObjectNode line = Store.JSON.createObjectNode();
        line.put("type", type).set("object", object);
        out.write(Store.JSON.writeValueAsBytes(line));
        out.write('\n');
    }
}
