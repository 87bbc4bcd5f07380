package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A namespace of its own for one test, with the tools of a user: kubectl, psql, patience. */
final class Stage implements AutoCloseable {
    /** How long anything may take on a small, busy machine. */
    static final Duration PATIENCE = Duration.ofMinutes(4);

    static final String CLIENT = "client";

    private final String namespace;
    private boolean clientRuns;

    Stage(String namespace) {
        this.namespace = namespace;
        kubectlAnywhere("create", "namespace", namespace);
    }

    String namespace() {
        return namespace;
    }

    /** kubectl in the test's namespace; what it wrote to standard output. */
    String kubectl(String... arguments) {
        return Shell.must("", inNamespace(arguments));
    }

    /** The same when it is expected to fail. */
    Shell.Answer kubectlAnswer(String... arguments) {
        return Shell.run("", inNamespace(arguments));
    }

    static String kubectlAnywhere(String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return Shell.must("", command);
    }

    /** {@code kubectl apply -f -}. */
    void apply(String manifest) {
        Shell.must(manifest, inNamespace("apply", "-f", "-"));
    }

    /** What the API server answers to a manifest that it shall refuse. */
    String refusal(String manifest) {
        Shell.Answer answer = Shell.run(manifest, inNamespace("apply", "-f", "-"));
        assertThat(answer.ok()).as("kubectl apply of\n%s", manifest).isFalse();
        return answer.err();
    }

    /** {@code kubectl wait --for=condition=Ready}, and that many members ready. */
    void awaitReady(String cluster, int instances) {
        kubectl("wait", "--for=condition=Ready", "pgc/" + cluster, "--timeout=" + PATIENCE.toSeconds() + "s");
        awaitValue(
                "pgc/" + cluster,
                "{.status.readyInstances} {.status.instances} {.status.conditions[?(@.type==\"Ready\")].status}",
                instances + " " + instances + " True");
    }

    /** Waits until a JSONPath of an object has a value. */
    void awaitValue(String object, String jsonPath, String value) {
        awaitValue(object, jsonPath, value::equals, "to be " + value);
    }

    void awaitValue(String object, String jsonPath, Predicate<String> expected, String description) {
        await(object + " " + jsonPath + " " + description)
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(value(object, jsonPath))
                        .as("%s %s", object, jsonPath)
                        .matches(expected, description));
    }

    /** Waits until some condition of the cluster says this; the message must contain every part. */
    void awaitCondition(String cluster, String... parts) {
        awaitValue(
                "pgc/" + cluster,
                "{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}",
                said -> said.lines().anyMatch(line -> List.of(parts).stream().allMatch(line::contains)),
                "to have a line with " + List.of(parts));
    }

    /** Waits until an Event of the cluster says this. */
    void awaitEvent(String cluster, String... parts) {
        await("an Event of " + cluster + " with " + List.of(parts))
                .atMost(PATIENCE)
                .pollInterval(Duration.ofSeconds(1))
                .untilAsserted(() -> assertThat(events(cluster).lines())
                        .anyMatch(line -> List.of(parts).stream().allMatch(line::contains)));
    }

    String events(String cluster) {
        return kubectl(
                "get",
                "events",
                "--field-selector=involvedObject.kind=PostgresCluster,involvedObject.name=" + cluster,
                "-o",
                "jsonpath={range .items[*]}{.type} {.reason}: {.message}{\"\\n\"}{end}");
    }

    String value(String object, String jsonPath) {
        return kubectl("get", object, "-o", "jsonpath=" + jsonPath);
    }

    /** Runs SQL as the application does: from a pod of the namespace, with the credentials of the Secret, through a Service. */
    String sql(String cluster, String service, String sql) {
        startClient();
        return kubectl(psql(cluster + "-app", secret(cluster + "-app", "dbname"), service, sql));
    }

    Shell.Answer sqlAnswer(String cluster, String service, String sql) {
        startClient();
        return kubectlAnswer(psql(cluster + "-app", secret(cluster + "-app", "dbname"), service, sql));
    }

    /** Runs SQL with user and password of any Secret. */
    String psqlAs(String secret, String database, String service, String sql) {
        startClient();
        return kubectl(psql(secret, database, service, sql));
    }

    private String[] psql(String secret, String database, String service, String sql) {
        return new String[] {
            "exec",
            CLIENT,
            "--",
            "env",
            "PGPASSWORD=" + secret(secret, "password"),
            "PGCONNECT_TIMEOUT=5",
            "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            service,
            "-U",
            secret(secret, "username"),
            "-d",
            database,
            "-c",
            sql
        };
    }

    /** Runs SQL as the superuser inside a member, over its socket. */
    String superuserSql(String pod, String sql) {
        return kubectl(
                "exec", pod, "-c", "postgres", "--", "psql", "-X", "-q", "-A", "-t", "-U", "postgres", "-c", sql);
    }

    String secret(String name, String key) {
        String encoded = value("secret/" + name, "{.data." + key.replace(".", "\\.") + "}");
        return new String(java.util.Base64.getDecoder().decode(encoded), java.nio.charset.StandardCharsets.UTF_8);
    }

    private void startClient() {
        if (!clientRuns) {
            startClientOn("");
        }
    }

    /** Starts the client's pod on a node, or anywhere when the name is empty. */
    void startClientOn(String node) {
        startClient(CLIENT, node);
        clientRuns = true;
    }

    /** Starts another client's pod. */
    void startClient(String name, String node) {
        apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  %s
                  terminationGracePeriodSeconds: 0
                  securityContext: {runAsNonRoot: true, runAsUser: 999, seccompProfile: {type: RuntimeDefault}}
                  containers:
                    - name: psql
                      image: postgres:17
                      imagePullPolicy: IfNotPresent
                      command: [sleep, infinity]
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                """.formatted(name, node.isEmpty() ? "" : "nodeSelector: {kubernetes.io/hostname: " + node + "}"));
        kubectl("wait", "--for=condition=Ready", "pod/" + name, "--timeout=120s");
    }

    /** Everything a person would look at when this test failed. */
    String evidence() {
        StringBuilder all = new StringBuilder();
        for (List<String> command : List.of(
                List.of("get", "pgc,sts,pods,pvc,leases", "-o", "wide"),
                List.of("get", "pgc", "-o", "jsonpath={range .items[*].status}{@}{\"\\n\"}{end}"),
                List.of("get", "leases", "-o", "jsonpath={range .items[*]}{.metadata.annotations}{\"\\n\"}{end}"),
                List.of("get", "events", "--sort-by=.lastTimestamp"),
                List.of("logs", "-l", "matriarch.io/cluster", "-c", "postgres", "--tail=40", "--prefix"))) {
            all.append("\n$ kubectl ").append(String.join(" ", command)).append('\n');
            all.append(
                    Shell.run("", inNamespace(command.toArray(String[]::new))).text());
        }
        all.append("\n$ operator\n").append(Installation.logs());
        return all.toString();
    }

    private List<String> inNamespace(String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl", "-n", namespace));
        command.addAll(List.of(arguments));
        return command;
    }

    @Override
    public void close() {
        kubectlAnswer("delete", "pgc", "--all", "--wait=false");
        kubectlAnywhere("delete", "namespace", namespace, "--wait=false");
    }
}
