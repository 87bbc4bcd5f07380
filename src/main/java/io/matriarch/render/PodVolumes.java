package io.matriarch.render;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The volumes of a member's pod and where they are mounted (docs/contract.md, "Pod"). The image itself is read-only. */
final class PodVolumes {
    static final String HOME = "/opt/matriarch";
    static final String DATA = "/var/lib/postgresql/data";
    static final String WAL = "/var/lib/postgresql/wal";
    static final String RUN = "/run/matriarch";
    static final String SOCKET = "/var/run/postgresql";
    static final String SERVER = "/etc/matriarch/server";
    static final String REPLICATION = "/etc/matriarch/replication";

    /** Name of the volume that the agent is copied into. */
    static final String MATRIARCH = "matriarch";

    private PodVolumes() {}

    static List<VolumeMount> mounts(Rendering rendering) {
        List<VolumeMount> mounts = new ArrayList<>();
        mounts.add(mount(Claims.DATA, DATA));
        if (rendering.spec().storage().wal() != null) {
            mounts.add(mount(Claims.WAL, WAL));
        }
        mounts.add(new VolumeMountBuilder(mount(MATRIARCH, HOME))
                .withReadOnly(true)
                .build());
        mounts.add(mount("run", RUN));
        mounts.add(mount("socket", SOCKET));
        mounts.add(mount("shm", "/dev/shm"));
        mounts.add(mount("tmp", "/tmp"));
        mounts.add(new VolumeMountBuilder(mount("server-certificate", SERVER))
                .withReadOnly(true)
                .build());
        mounts.add(new VolumeMountBuilder(mount("replication-certificate", REPLICATION))
                .withReadOnly(true)
                .build());
        return mounts;
    }

    static VolumeMount mount(String name, String path) {
        return new VolumeMountBuilder().withName(name).withMountPath(path).build();
    }

    static List<Volume> volumes(Rendering rendering) {
        List<Volume> volumes = new ArrayList<>();
        volumes.add(new VolumeBuilder()
                .withName(MATRIARCH)
                .withNewEmptyDir()
                .endEmptyDir()
                .build());
        volumes.add(memory("run", "16Mi"));
        volumes.add(new VolumeBuilder()
                .withName("socket")
                .withNewEmptyDir()
                .endEmptyDir()
                .build());
        // Parallel queries share memory here; the container runtime's default of 64 MB is too little.
        volumes.add(memory("shm", null));
        volumes.add(new VolumeBuilder()
                .withName("tmp")
                .withNewEmptyDir()
                .endEmptyDir()
                .build());
        volumes.add(secret("server-certificate", rendering.names().serverSecret()));
        volumes.add(secret("replication-certificate", rendering.names().replicationSecret()));
        return volumes;
    }

    private static Volume memory(String name, @Nullable String limit) {
        return new VolumeBuilder()
                .withName(name)
                .withNewEmptyDir()
                .withMedium("Memory")
                .withSizeLimit(limit == null ? null : new Quantity(limit))
                .endEmptyDir()
                .build();
    }

    private static Volume secret(String name, String secret) {
        return new VolumeBuilder()
                .withName(name)
                .withNewSecret()
                .withSecretName(secret)
                .withDefaultMode(0440)
                .endSecret()
                .build();
    }
}
