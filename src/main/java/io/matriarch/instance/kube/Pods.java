package io.matriarch.instance.kube;

import io.matriarch.api.contract.Labels;
import io.matriarch.instance.json.Node;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What the API server says about the cluster's pods, which are read one by one, by name. */
public final class Pods {
    private static final int ATTEMPTS = 5;
    /** Exit code of a container that was ended by its fuse. */
    private static final int FUSE = 75;

    private static final String CONTAINER = "postgres";
    /** The kubelet lost sight of the container, which may still be running. */
    private static final String UNKNOWN = "ContainerStatusUnknown";

    private final KubeApi api;
    private final String path;
    private final Duration patience;

    public Pods(KubeApi api, String namespace, Duration patience) {
        this.api = api;
        this.path = "/api/v1/namespaces/" + namespace + "/pods/";
        this.patience = patience;
    }

    /**
     * One pod.
     *
     * @param address empty before the pod has one
     * @param containerId of the container {@code postgres} that was started last, as the kubelet calls it; empty before there is one
     * @param running how often that container was restarted, if it is running; -1 otherwise
     * @param role its label
     * @param terminated containers {@code postgres} of this pod that are known to be dead, because the kubelet saw them end. That a pod is gone,
     *     failed or not ready proves nothing, as its node may only be unreachable (docs/internals/protocol.md 6)
     * @param burnt those of them that their fuse ended
     */
    public record Pod(
            String uid,
            String address,
            String containerId,
            int running,
            String role,
            Set<String> terminated,
            Set<String> burnt) {
        public Pod {
            terminated = Set.copyOf(terminated);
            burnt = Set.copyOf(burnt);
        }

        /** Whether this is that very pod: what is known of its containers does not apply to another pod of the same name. */
        public boolean is(String podUid) {
            return uid.equals(podUid);
        }
    }

    /** The pod; empty if it does not exist. */
    public Optional<Pod> get(String name) throws IOException {
        KubeApi.Answer answer = api.get(path + name, patience);
        if (answer.status() == 404) {
            return Optional.empty();
        }
        if (!answer.ok()) {
            throw new IOException("GET of the pod " + name + " answered " + answer.message());
        }
        return Optional.of(pod(answer.body()));
    }

    /**
     * Removes the role of the primary from a pod that still shows it, so that no Service sends clients there. Only the holder of the Lease may do
     * this. It does not overwrite what the pod has written since it was read.
     */
    public void depose(String name) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            KubeApi.Answer present = api.get(path + name, patience);
            if (present.status() == 404) {
                return;
            }
            if (!present.ok()) {
                throw new IOException("GET of the pod " + name + " answered " + present.message());
            }
            Node metadata = present.body().path("metadata");
            if (!metadata.path("labels").path(Labels.ROLE).asText().equals(Labels.PRIMARY)) {
                return;
            }
            Map<String, Object> patch = Map.of(
                    "metadata",
                    Map.of(
                            "uid", metadata.path("uid").asText(),
                            "resourceVersion", metadata.path("resourceVersion").asText(),
                            "labels", Map.of(Labels.ROLE, Labels.UNHEALTHY)));
            KubeApi.Answer answer = api.request("PATCH", path + name, KubeApi.MERGE_PATCH, patch, patience);
            if (answer.ok() || answer.status() == 404) {
                return;
            }
            if (answer.status() != 409) {
                throw new IOException("PATCH of the pod " + name + " answered " + answer.message());
            }
        }
        throw new IOException("the pod " + name + " changes all the time");
    }

    static Pod pod(Node body) {
        Node status = body.path("status");
        String current = "";
        int running = -1;
        Set<String> terminated = new TreeSet<>();
        Set<String> burnt = new TreeSet<>();
        for (Node container : status.path("containerStatuses").elements()) {
            if (container.path("name").asText().equals(CONTAINER)) {
                current = container.path("containerID").asText();
                running = container.path("state").path("running").isMissing()
                        ? -1
                        : container.path("restartCount").asInt();
                for (String state : new String[] {"state", "lastState"}) {
                    Node end = container.path(state).path("terminated");
                    String id = end.path("containerID").asText();
                    if (!id.isEmpty() && !end.path("reason").asText().equals(UNKNOWN)) {
                        terminated.add(id);
                        if (end.path("exitCode").asInt() == FUSE) {
                            burnt.add(id);
                        }
                    }
                }
            }
        }
        Node metadata = body.path("metadata");
        return new Pod(
                metadata.path("uid").asText(),
                status.path("podIP").asText(),
                current,
                running,
                metadata.path("labels").path(Labels.ROLE).asText(),
                terminated,
                burnt);
    }
}
