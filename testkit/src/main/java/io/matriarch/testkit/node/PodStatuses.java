package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a kubelet says of a pod (Kubernetes documentation, "Pod Lifecycle"). */
final class PodStatuses {
    private final String address;
    private final String startTime = PodContainer.text(Instant.now());
    private Map<String, PodCondition> conditions = new LinkedHashMap<>();

    PodStatuses(Pod pod, String address) {
        this.address = address;
        for (PodCondition condition : pod.getStatus() == null
                ? List.<PodCondition>of()
                : pod.getStatus().getConditions()) {
            conditions.put(condition.getType(), condition);
        }
    }

    /** @param sandbox whether its address and volumes are there */
    PodStatus of(Pod pod, List<PodContainer> inits, List<PodContainer> containers, boolean sandbox, Images images) {
        List<String> unready = containers.stream()
                .filter(container -> !container.isReady())
                .map(container -> container.spec().getName())
                .toList();
        List<String> incomplete = inits.stream()
                .filter(container -> !container.succeeded())
                .map(container -> container.spec().getName())
                .toList();
        String phase = phase(pod, inits, containers);
        boolean over = phase.equals("Succeeded") || phase.equals("Failed");
        condition("PodScheduled", true, "", "");
        condition("PodReadyToStartContainers", sandbox && !over, "", "");
        condition(
                "Initialized",
                incomplete.isEmpty(),
                "ContainersNotInitialized",
                "containers with incomplete status: " + incomplete);
        String reason = phase.equals("Succeeded") ? "PodCompleted" : "ContainersNotReady";
        String message = "containers with unready status: " + unready;
        condition("ContainersReady", unready.isEmpty() && !over, reason, message);
        condition("Ready", unready.isEmpty() && !over, reason, message);
        PodStatusBuilder status = new PodStatusBuilder()
                .withPhase(phase)
                .withStartTime(startTime)
                .withHostIP("127.0.0.1")
                .withConditions(new ArrayList<>(conditions.values()))
                .withInitContainerStatuses(statuses(inits, images))
                .withContainerStatuses(statuses(containers, images))
                .withQosClass(qosClass(pod));
        if (sandbox) {
            status.withPodIP(address).withPodIPs(new PodIP(address));
        }
        return status.build();
    }

    private void condition(String type, boolean holds, String reason, String message) {
        String status = holds ? "True" : "False";
        String since = Optional.ofNullable(conditions.get(type))
                .filter(former -> former.getStatus().equals(status))
                .map(PodCondition::getLastTransitionTime)
                .orElseGet(() -> PodContainer.text(Instant.now()));
        conditions.put(
                type,
                new PodConditionBuilder()
                        .withType(type)
                        .withStatus(status)
                        .withReason(holds || reason.isEmpty() ? null : reason)
                        .withMessage(holds || message.isEmpty() ? null : message)
                        .withLastTransitionTime(since)
                        .build());
    }

    private static String phase(Pod pod, List<PodContainer> inits, List<PodContainer> containers) {
        boolean never = "Never".equals(pod.getSpec().getRestartPolicy());
        boolean always = Optional.ofNullable(pod.getSpec().getRestartPolicy())
                .orElse("Always")
                .equals("Always");
        boolean ending = pod.getMetadata().getDeletionTimestamp() != null;
        if (never && inits.stream().anyMatch(PodStatuses::failed)) {
            return "Failed";
        }
        boolean allEnded = containers.stream().allMatch(c -> c.phase() instanceof PodContainer.Phase.Ended);
        if (allEnded && (!always || ending)) {
            boolean good = containers.stream().allMatch(PodContainer::succeeded);
            return good ? "Succeeded" : never || ending ? "Failed" : "Running";
        }
        boolean begun = inits.stream().allMatch(PodContainer::succeeded)
                && containers.stream().allMatch(c -> c.ran() || c.process().isPresent());
        return begun ? "Running" : "Pending";
    }

    private static boolean failed(PodContainer container) {
        return container.phase() instanceof PodContainer.Phase.Ended ended && ended.code() != 0;
    }

    private static List<ContainerStatus> statuses(List<PodContainer> containers, Images images) {
        return containers.stream()
                .map(container -> container.status(images.find(container.spec().getImage())
                        .map(image -> "process://" + container.spec().getImage())
                        .orElse("")))
                .toList();
    }

    private static String qosClass(Pod pod) {
        return Optional.ofNullable(pod.getStatus())
                .map(PodStatus::getQosClass)
                .orElseGet(() -> pod.getSpec().getContainers().stream()
                                .allMatch(c -> c.getResources() == null
                                        || Sources.orEmpty(c.getResources().getRequests())
                                                        .isEmpty()
                                                && Sources.orEmpty(
                                                                c.getResources().getLimits())
                                                        .isEmpty())
                        ? "BestEffort"
                        : "Burstable");
    }
}
