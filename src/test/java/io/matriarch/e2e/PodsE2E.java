package io.matriarch.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What users add to pods, where they run them, and which PostgreSQL is in them. */
@ExtendWith(OnKubernetes.class)
class PodsE2E {
    @Test
    void sidecarInitContainerVolumeAndEnvironment(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, """
                pod:
                  labels: {team: shop}
                  annotations: {example.com/note: hello}
                  env: [{name: GREETING, value: hello}]
                  volumes: [{name: scratch, emptyDir: {}}]
                  volumeMounts: [{name: scratch, mountPath: /scratch}]
                  initContainers:
                    - name: prepare
                      image: postgres:17
                      command: [sh, -c, "echo prepared > /scratch/note"]
                      volumeMounts: [{name: scratch, mountPath: /scratch}]
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                  containers:
                    - name: companion
                      image: postgres:17
                      command: [sh, -c, "exec sleep infinity"]
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                """));
        stage.awaitReady("orders", 1);
        assertThat(stage.kubectl(
                        "exec", "orders-0", "-c", "postgres", "--", "sh", "-c", "cat /scratch/note; echo $GREETING"))
                .isEqualTo("prepared\nhello");
        assertThat(stage.value("pod/orders-0", "{.spec.containers[*].name}")).isEqualTo("postgres companion");
        assertThat(stage.value("pod/orders-0", "{.metadata.labels.team}")).isEqualTo("shop");
    }

    @Test
    void anAdditionThatWouldReplaceOursIsRefused(Stage stage) {
        stage.apply(Manifests.cluster("orders", 1, """
                pod:
                  containers:
                    - name: postgres
                      image: postgres:17
                """));
        stage.awaitCondition("orders", "Stalled=True", "spec.pod.containers", "postgres");
        stage.kubectl("patch", "pgc", "orders", "--type=merge", "-p", "{\"spec\":{\"pod\":null}}");
        stage.awaitReady("orders", 1);
    }

    @Test
    void aRestrictedNamespaceIsEnough(Stage stage) {
        stage.kubectl("label", "namespace", stage.namespace(), "pod-security.kubernetes.io/enforce=restricted");
        stage.apply(Manifests.cluster("orders", 2, ""));
        stage.awaitReady("orders", 2);
    }

    @Test
    void postgres15(Stage stage) {
        stage.apply(Manifests.cluster("orders", 2, "postgres:15", "512Mi", ""));
        stage.awaitReady("orders", 2);
        assertThat(stage.value("pgc/orders", "{.status.version}")).startsWith("15.");
        stage.sql("orders", "orders-rw", "CREATE TABLE t AS SELECT 1 AS n");
    }

    @Test
    void databaseOwnerAndStatementsOfTheUser(Stage stage) {
        stage.apply("""
                apiVersion: v1
                kind: Secret
                metadata: {name: shop-owner}
                type: kubernetes.io/basic-auth
                stringData: {username: shop, password: "p@ss word/é"}
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: sql}
                data: {tables.sql: "CREATE TABLE from_config_map (n int); ALTER TABLE from_config_map OWNER TO shop;"}
                """);
        stage.apply(Manifests.cluster("orders", 1, """
                enableSuperuserAccess: true
                bootstrap:
                  initdb:
                    database: shop
                    owner: shop
                    secretName: shop-owner
                    postInitSQL: ["CREATE EXTENSION pg_trgm"]
                    postInitSQLRefs: [{configMapKeyRef: {name: sql, key: tables.sql}}]
                """));
        stage.awaitReady("orders", 1);
        assertThat(
                        stage.superuserSql(
                                "orders-0",
                                "SELECT rolname, datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname = 'shop'"))
                .isEqualTo("shop|shop");
        assertThat(stage.kubectl(
                        "exec",
                        "orders-0",
                        "-c",
                        "postgres",
                        "--",
                        "psql",
                        "-AtU",
                        "postgres",
                        "-d",
                        "shop",
                        "-c",
                        "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'"))
                .isEqualTo("from_config_map|shop");
        assertThat(stage.psqlAs("shop-owner", "shop", "orders-rw", "SELECT current_user"))
                .isEqualTo("shop");
        assertThat(stage.psqlAs(
                        "orders-superuser",
                        "postgres",
                        "orders-rw",
                        "SELECT usesuper FROM pg_user WHERE usename = current_user"))
                .isEqualTo("t");
    }
}
