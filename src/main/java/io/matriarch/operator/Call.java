package io.matriarch.operator;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a request to the API server is about, in Kubernetes' words (its documentation, "Determine the request verb").
 *
 * @param resource such as {@code pods} or {@code postgresclusters/status}
 */
record Call(String verb, String resource) {
    static Call of(String method, String path, @Nullable String query) {
        List<String> parts = List.of(path.replaceAll("^/+|/+$", "").split("/"));
        // api/v1/… or apis/GROUP/VERSION/…
        int at = parts.getFirst().equals("apis") ? 3 : parts.getFirst().equals("api") ? 2 : parts.size();
        if (parts.size() > at + 2 && parts.get(at).equals("namespaces")) {
            at += 2;
        }
        if (at >= parts.size()) {
            return new Call(method.toLowerCase(Locale.ROOT), "other");
        }
        boolean named = parts.size() > at + 1;
        String resource = parts.size() > at + 2 ? parts.get(at) + "/" + parts.get(at + 2) : parts.get(at);
        String verb = switch (method) {
            case "GET" -> query != null && query.contains("watch=true") ? "watch" : named ? "get" : "list";
            case "POST" -> "create";
            case "PUT" -> "update";
            default -> method.toLowerCase(Locale.ROOT);
        };
        return new Call(verb, resource);
    }
}
