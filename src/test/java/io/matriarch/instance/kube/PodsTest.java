package io.matriarch.instance.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.matriarch.instance.json.Json;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What counts as the kubelet's word that a primary is dead. */
class PodsTest {
    private static final String UID = "uid-0";
    private static final String HOLDER = "containerd://aaa";

    @Test
    void aRunningContainerIsNotDead() throws IOException {
        Pods.Pod pod = pod("{\"name\":\"postgres\",\"containerID\":\"containerd://aaa\",\"state\":{\"running\":{}}}");
        assertThat(pod.terminated()).doesNotContain(HOLDER);
        assertThat(pod.address()).isEqualTo("10.0.0.10");
        assertThat(pod.containerId()).isEqualTo(HOLDER);
    }

    @Test
    void aTerminatedContainerIsDeadAlsoWhenAnotherOneRunsInItsPlace() throws IOException {
        assertThat(pod("""
                        {"name":"postgres","containerID":"containerd://aaa",
                         "state":{"terminated":{"containerID":"containerd://aaa","reason":"Error","exitCode":137}}}
                        """).terminated()).contains(HOLDER);
        assertThat(pod("""
                        {"name":"postgres","containerID":"containerd://bbb","state":{"running":{}},
                         "lastState":{"terminated":{"containerID":"containerd://aaa","reason":"OOMKilled"}}}
                        """).terminated()).contains(HOLDER);
    }

    @Test
    void anotherContainerOrPodSaysNothing() throws IOException {
        String other = """
                {"name":"postgres","containerID":"containerd://ccc","state":{"running":{}},
                 "lastState":{"terminated":{"containerID":"containerd://bbb","reason":"Error"}}}
                """;
        assertThat(pod(other).terminated()).doesNotContain(HOLDER);
        String sidecar = """
                {"name":"sidecar","containerID":"containerd://aaa",
                 "state":{"terminated":{"containerID":"containerd://aaa","reason":"Error"}}}
                """;
        assertThat(pod(sidecar).terminated()).doesNotContain(HOLDER);
        String dead = """
                {"name":"postgres","state":{"terminated":{"containerID":"containerd://aaa","reason":"Error"}}}
                """;
        assertThat(pod(dead).terminated()).contains(HOLDER);
        assertThat(pod(dead).is(UID)).isTrue();
        assertThat(pod(dead).is("uid-of-a-former-pod")).isFalse();
    }

    @Test
    void whatTheFuseEndedIsToldByItsExitCode() throws IOException {
        assertThat(pod("""
                        {"name":"postgres","containerID":"containerd://bbb","state":{"running":{}},
                         "lastState":{"terminated":{"containerID":"containerd://aaa","reason":"Error","exitCode":75}}}
                        """).burnt()).containsExactly(HOLDER);
        assertThat(pod("""
                        {"name":"postgres","containerID":"containerd://bbb","state":{"running":{}},
                         "lastState":{"terminated":{"containerID":"containerd://aaa","reason":"Error","exitCode":1}}}
                        """).burnt()).isEmpty();
    }

    @Test
    void aContainerOutOfTheKubeletsSightMayLive() throws IOException {
        assertThat(pod("""
                        {"name":"postgres","containerID":"containerd://aaa",
                         "state":{"terminated":{"containerID":"containerd://aaa","reason":"ContainerStatusUnknown","exitCode":137}}}
                        """).terminated()).doesNotContain(HOLDER);
    }

    private static Pods.Pod pod(String container) throws IOException {
        return Pods.pod(Json.tree("""
                        {"metadata":{"name":"orders-0","uid":"uid-0"},
                         "status":{"phase":"Running","podIP":"10.0.0.10","containerStatuses":[%s]}}
                        """.formatted(container)));
    }
}
