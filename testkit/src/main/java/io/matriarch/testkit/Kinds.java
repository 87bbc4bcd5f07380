package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** The kinds that one API server has: what is built in, and one for each CustomResourceDefinition that was created. */
final class Kinds {
    private final List<Kind> all = new CopyOnWriteArrayList<>(Kind.BUILT_IN);

    List<Kind> all() {
        return all;
    }

    void define(JsonNode crd) {
        forget(crd);
        all.addAll(Kind.of(crd));
    }

    void forget(JsonNode crd) {
        all.removeIf(kind -> kind.custom()
                && kind.group().equals(crd.path("spec").path("group").asText())
                && kind.plural()
                        .equals(crd.path("spec").path("names").path("plural").asText()));
    }

    Optional<Kind> find(String group, String version, String plural) {
        return all.stream()
                .filter(kind -> kind.group().equals(group)
                        && kind.version().equals(version)
                        && kind.plural().equals(plural))
                .findFirst();
    }

    Kind named(String name) {
        return all.stream().filter(kind -> kind.kind().equals(name)).findFirst().orElseThrow();
    }
}
