# Build the jars first: ./build package. Then: docker build -t matriarch:dev .
FROM eclipse-temurin:25-jdk AS build
COPY target/matriarch.jar /tmp/matriarch.jar
COPY target/lib /tmp/lib
COPY src/main/resources/fuse/fuse /tmp/fuse
COPY deploy/image/assemble /tmp/assemble
RUN /tmp/assemble /opt/matriarch /tmp/matriarch.jar /tmp/lib /tmp/fuse
COPY deploy/image/Training.java deploy/image/TrainingApi.java /tmp/
RUN mkdir -p /training/server && javac -cp '/opt/matriarch/operator/*:/opt/matriarch/lib/*' -d /training /tmp/Training.java /tmp/TrainingApi.java \
 && cd /training/server && new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650' \
 && $new -subj /CN=training -keyout /tmp/ca.key -out ca.crt \
 && $new -subj /CN=matriarch_replication -CA ca.crt -CAkey /tmp/ca.key -keyout tls.key -out tls.crt && cp -r . ../replication

# Loaded and linked classes of a training run, so that an agent starts in half the time and with less memory (JEP 483, 514), and does not load what a
# failover takes in the middle of the first one.
FROM postgres:17 AS trained
COPY --from=build /opt/matriarch /opt/matriarch
COPY --from=build /training /training
COPY deploy/image/train /tmp/train
RUN /tmp/train /opt/matriarch /training

# What the runtime needs of the distribution, and nothing else: no shell, no package manager.
FROM debian:trixie-slim AS root
RUN mkdir -p /root-fs/tmp /root-fs/etc && chmod 1777 /root-fs/tmp \
 && for package in libc6 zlib1g libgcc-s1; do dpkg -L $package; done | grep -v -E '/(doc|man|lintian|gconv|bug)(/|$)' | sort -u \
  | while read -r file; do { [ -f "$file" ] || [ -L "$file" ]; } && cp -a --parents "$file" /root-fs/; done \
 ; cp -a --parents /lib /root-fs/ && { [ ! -e /lib64 ] || cp -a --parents /lib64 /root-fs/; } \
 && cp -a /etc/debian_version /root-fs/etc/ && cp -aL /etc/os-release /root-fs/etc/os-release \
 && echo 'matriarch:x:65532:65532::/tmp:/nologin' >/root-fs/etc/passwd && echo 'matriarch:x:65532:' >/root-fs/etc/group \
 && echo 'hosts: files dns' >/root-fs/etc/nsswitch.conf

FROM scratch
COPY --from=root /root-fs/ /
COPY --from=trained /opt/matriarch /opt/matriarch
LABEL org.opencontainers.image.title="Matriarch" \
      org.opencontainers.image.description="A Kubernetes operator for PostgreSQL clusters, each one StatefulSet" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
ENV MALLOC_ARENA_MAX=1
# The agent's cache serves the operator, too: most of its classes are the JDK's. One of its own would save 13 MB more and cost 66 MB of image.
ENTRYPOINT ["/opt/matriarch/runtime/bin/java", "@/opt/matriarch/operator/options", "-XX:AOTCache=/opt/matriarch/agent.aot", "-Xlog:aot=off", "-Xlog:cds=off", "io.matriarch.Main"]
