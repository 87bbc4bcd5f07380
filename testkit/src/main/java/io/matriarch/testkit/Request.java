package io.matriarch.testkit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpExchange;
import io.matriarch.testkit.Faults.Write;
import io.matriarch.testkit.Store.Key;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One request about objects of a kind: its address taken apart. */
record Request(
        HttpExchange exchange,
        String method,
        Kind kind,
        String namespace,
        String name,
        String subresource,
        Map<String, String> query) {
    private static final YAMLMapper YAML = new YAMLMapper();

    static Request of(HttpExchange exchange, List<String> path, Kinds kinds) {
        int at = path.isEmpty() ? 0 : path.getFirst().equals("api") ? 2 : 3;
        if (path.size() <= at) {
            throw new ApiError(404, "NotFound", "the server could not find the requested resource");
        }
        String group = at == 2 ? "" : path.get(1);
        String version = path.get(at - 1);
        String namespace = "";
        // /namespaces/N itself is an object; /namespaces/N/pods are objects in it
        boolean within = path.get(at).equals("namespaces")
                && path.size() > at + 2
                && !List.of("status", "finalize").contains(path.get(at + 2));
        if (within) {
            namespace = path.get(at + 1);
            at += 2;
        }
        Kind kind = kinds.find(group, version, path.get(at))
                .orElseThrow(() -> new ApiError(404, "NotFound", "the server could not find the requested resource"));
        return new Request(
                exchange,
                exchange.getRequestMethod(),
                kind,
                namespace,
                path.size() > at + 1 ? path.get(at + 1) : "",
                path.size() > at + 2 ? path.get(at + 2) : "",
                query(exchange.getRequestURI().getRawQuery()));
    }

    Key key() {
        return new Key(kind.kind(), namespace, name);
    }

    String client() {
        return header("User-Agent");
    }

    String header(String header) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(header))
                .orElse("");
    }

    String option(String option) {
        return query.getOrDefault(option, "");
    }

    boolean flag(String option) {
        return option(option).equals("true") || option(option).equals("1");
    }

    Selector selector() {
        return new Selector(option("labelSelector"), option("fieldSelector"));
    }

    /** Whether an object is of this collection and selected. */
    boolean admits(JsonNode object) {
        return (namespace.isEmpty()
                        || object.path("metadata").path("namespace").asText().equals(namespace))
                && selector().admits(object);
    }

    Ask ask(String subresource) {
        String manager = option("fieldManager");
        return new Ask(
                manager.isEmpty() ? client().split("[/ ]", 2)[0] : manager,
                subresource,
                flag("force"),
                query.containsKey("dryRun"),
                option("fieldValidation").equals("Strict"));
    }

    Write write(String verb, String named) {
        return new Write(verb, kind.kind(), namespace, named, subresource, client());
    }

    JsonNode body() throws IOException {
        byte[] bytes = exchange.getRequestBody().readAllBytes();
        if (bytes.length == 0) {
            return Store.JSON.createObjectNode();
        }
        if (header("Content-Type").contains("protobuf")) {
            throw new ApiError(415, "UnsupportedMediaType", "this server speaks JSON only");
        }
        try {
            return Store.JSON.readTree(bytes);
        } catch (JsonProcessingException notJson) {
            return YAML.readTree(bytes);
        }
    }

    ObjectNode object(JsonNode body) {
        if (body instanceof ObjectNode object) {
            return object;
        }
        throw new ApiError(400, "BadRequest", "the body is no object");
    }

    static Map<String, String> query(@Nullable String raw) {
        Map<String, String> query = new HashMap<>();
        if (raw != null) {
            for (String part : raw.split("&")) {
                int equals = part.indexOf('=');
                query.put(
                        URLDecoder.decode(equals < 0 ? part : part.substring(0, equals), StandardCharsets.UTF_8),
                        URLDecoder.decode(equals < 0 ? "" : part.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return query;
    }
}
