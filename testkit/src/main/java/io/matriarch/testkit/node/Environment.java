package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A container's environment: the image's, the node's, what the container takes from elsewhere, its own; later ones win. */
final class Environment {
    private static final Pattern REFERENCE = Pattern.compile("\\$(\\$|\\(([^)]+)\\))");

    private final Pod pod;
    private final String podAddress;
    private final Sources sources;

    Environment(Pod pod, String podAddress, Sources sources) {
        this.pod = pod;
        this.podAddress = podAddress;
        this.sources = sources;
    }

    /** What a container refers to is not there; the message is the kubelet's. */
    static final class MissingException extends Exception {
        private static final long serialVersionUID = 1L;

        MissingException(String message) {
            super(message);
        }
    }

    /**
     * The variables.
     *
     * @param given those of the image and the node, whose values are paths of this machine already
     */
    Map<String, String> of(Container container, Map<String, String> given, ContainerRoot root) throws MissingException {
        Map<String, String> variables = new LinkedHashMap<>();
        for (EnvFromSource source : container.getEnvFrom()) {
            take(source, variables);
        }
        for (EnvVar variable : container.getEnv()) {
            Optional<String> value = variable.getValueFrom() == null
                    ? Optional.of(
                            expand(Optional.ofNullable(variable.getValue()).orElse(""), variables))
                    : value(container, variable.getValueFrom());
            value.ifPresent(present -> variables.put(variable.getName(), present));
        }
        Map<String, String> all = new LinkedHashMap<>(given);
        variables.forEach((name, value) -> all.put(name, root.translate(value)));
        return all;
    }

    private void take(EnvFromSource source, Map<String, String> variables) throws MissingException {
        String prefix = Optional.ofNullable(source.getPrefix()).orElse("");
        if (source.getConfigMapRef() != null) {
            String name = source.getConfigMapRef().getName();
            object(
                            "configmap",
                            name,
                            sources.configMap(namespace(), name),
                            source.getConfigMapRef().getOptional())
                    .forEach((key, value) -> variables.put(prefix + key, text(value)));
        }
        if (source.getSecretRef() != null) {
            String name = source.getSecretRef().getName();
            object(
                            "secret",
                            name,
                            sources.secret(namespace(), name),
                            source.getSecretRef().getOptional())
                    .forEach((key, value) -> variables.put(prefix + key, text(value)));
        }
    }

    private Optional<String> value(Container container, EnvVarSource from) throws MissingException {
        if (from.getFieldRef() != null) {
            return Optional.of(
                    DownwardApi.field(pod, podAddress, from.getFieldRef().getFieldPath()));
        }
        if (from.getResourceFieldRef() != null) {
            return Optional.of(DownwardApi.resource(container, from.getResourceFieldRef()));
        }
        if (from.getConfigMapKeyRef() != null) {
            String name = from.getConfigMapKeyRef().getName();
            Boolean optional = from.getConfigMapKeyRef().getOptional();
            return key(
                    "ConfigMap",
                    name,
                    object("configmap", name, sources.configMap(namespace(), name), optional),
                    from.getConfigMapKeyRef().getKey(),
                    optional);
        }
        String name = from.getSecretKeyRef().getName();
        Boolean optional = from.getSecretKeyRef().getOptional();
        return key(
                "Secret",
                name,
                object("secret", name, sources.secret(namespace(), name), optional),
                from.getSecretKeyRef().getKey(),
                optional);
    }

    private Optional<String> key(
            String kind,
            String name,
            Map<String, byte[]> data,
            String key,
            @org.jspecify.annotations.Nullable Boolean optional)
            throws MissingException {
        if (!data.containsKey(key) && !Boolean.TRUE.equals(optional)) {
            throw new MissingException("couldn't find key %s in %s %s/%s".formatted(key, kind, namespace(), name));
        }
        return Optional.ofNullable(data.get(key)).map(Environment::text);
    }

    private static Map<String, byte[]> object(
            String kind,
            String name,
            Optional<Map<String, byte[]>> found,
            @org.jspecify.annotations.Nullable Boolean optional)
            throws MissingException {
        if (found.isEmpty() && !Boolean.TRUE.equals(optional)) {
            throw new MissingException("%s \"%s\" not found".formatted(kind, name));
        }
        return found.orElse(Map.of());
    }

    private String namespace() {
        return pod.getMetadata().getNamespace();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** {@code $(NAME)} is the variable, {@code $$} a dollar; what is not known stays as it is. */
    static String expand(String text, Map<String, String> variables) {
        return REFERENCE
                .matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(
                        match.group(1).equals("$") ? "$" : variables.getOrDefault(match.group(2), match.group())));
    }

    static List<String> expand(List<String> words, Map<String, String> variables) {
        return words.stream().map(word -> expand(word, variables)).toList();
    }
}
