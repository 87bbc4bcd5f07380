package io.matriarch.testkit.node;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.InetSocketAddress;

/**
 * What a kubelet and its pods work with.
 *
 * @param api address of the API server
 */
record Surroundings(
        KubernetesClient client,
        Machine machine,
        Firewall firewall,
        Images images,
        Sources sources,
        VolumeFiles.Accounts accounts,
        PodVolumes.Claims claims,
        Recorder recorder,
        Timing timing,
        InetSocketAddress api) {}
