package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What a pod may know of itself (Kubernetes documentation, "Downward API"). */
final class DownwardApi {
    private static final Pattern SUBSCRIPT = Pattern.compile("metadata\\.(labels|annotations)\\['(.+)']");
    private static final Map<String, BigDecimal> NODE =
            Map.of("cpu", BigDecimal.valueOf(2), "memory", BigDecimal.valueOf(4L << 30));

    private DownwardApi() {}

    /** @param podAddress as the status has it by the time a container starts */
    static String field(Pod pod, String podAddress, String path) {
        Matcher subscript = SUBSCRIPT.matcher(path);
        if (subscript.matches()) {
            Map<String, String> map = subscript.group(1).equals("labels")
                    ? Sources.orEmpty(pod.getMetadata().getLabels())
                    : Sources.orEmpty(pod.getMetadata().getAnnotations());
            return map.getOrDefault(subscript.group(2), "");
        }
        return switch (path) {
            case "metadata.name" -> pod.getMetadata().getName();
            case "metadata.namespace" -> pod.getMetadata().getNamespace();
            case "metadata.uid" -> pod.getMetadata().getUid();
            case "metadata.labels" -> lines(pod.getMetadata().getLabels());
            case "metadata.annotations" -> lines(pod.getMetadata().getAnnotations());
            case "spec.nodeName" -> pod.getSpec().getNodeName();
            case "spec.serviceAccountName" ->
                Optional.ofNullable(pod.getSpec().getServiceAccountName()).orElse("default");
            case "status.podIP", "status.podIPs" -> podAddress;
            case "status.hostIP", "status.hostIPs" -> "127.0.0.1";
            default -> throw new IllegalArgumentException("unsupported fieldPath: " + path);
        };
    }

    private static String lines(@org.jspecify.annotations.Nullable Map<String, String> map) {
        return Sources.orEmpty(map).entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> "%s=\"%s\"".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining("\n"));
    }

    /** An amount of a container's, rounded up; without a limit, the node's. */
    static String resource(Container container, ResourceFieldSelector selector) {
        String[] path = selector.getResource().split("\\.", 2);
        Map<String, Quantity> amounts = Optional.ofNullable(container.getResources())
                .map(resources -> path[0].equals("limits") ? resources.getLimits() : resources.getRequests())
                .orElse(Map.of());
        BigDecimal amount = Optional.ofNullable(amounts.get(path[1]))
                .map(Quantity::getNumericalAmount)
                .orElse(path[0].equals("limits") ? NODE.getOrDefault(path[1], BigDecimal.ZERO) : BigDecimal.ZERO);
        BigDecimal divisor = Optional.ofNullable(selector.getDivisor())
                .map(Quantity::getNumericalAmount)
                .filter(value -> value.signum() != 0)
                .orElse(BigDecimal.ONE);
        return amount.divide(divisor, 0, RoundingMode.CEILING).toPlainString();
    }
}
