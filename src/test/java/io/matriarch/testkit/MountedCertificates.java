package io.matriarch.testkit;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.matriarch.api.PostgresCluster;
import io.matriarch.render.Certificates;
import io.matriarch.render.Certificates.Pair;
import io.matriarch.render.Rendering;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;

/** The certificates of a cluster as the kubelet mounts them: the folders {@code server} and {@code replication}. */
public final class MountedCertificates {
    private final Rendering rendering;
    private final Certificates certificates = new Certificates(Instant.now(), new SecureRandom());
    private final Pair authority;

    public MountedCertificates(String namespace, String name) {
        PostgresCluster cluster = new PostgresCluster();
        cluster.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(namespace)
                .withUid("u")
                .build());
        this.rendering = new Rendering(cluster);
        this.authority = certificates.authority(rendering);
    }

    /** New certificates of the same authority, in the place of former ones. */
    public void mount(Path folder) throws IOException {
        write(folder.resolve("server"), certificates.server(rendering, authority));
        write(folder.resolve("replication"), certificates.replication(authority));
    }

    private void write(Path target, Pair pair) throws IOException {
        Files.createDirectories(target);
        Files.writeString(target.resolve("tls.crt"), pair.certificate());
        Files.writeString(target.resolve("tls.key"), pair.key());
        Files.writeString(target.resolve("ca.crt"), authority.certificate());
    }
}
