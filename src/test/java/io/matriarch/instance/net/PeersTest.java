package io.matriarch.instance.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Peer;
import io.matriarch.api.contract.Peer.Vacancy;
import io.matriarch.instance.net.AgentServer.Peers;
import io.matriarch.instance.net.AgentServer.Readiness;
import io.matriarch.testkit.MountedCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One member asks another over real TLS. */
@Timeout(30)
@Tag("machine")
class PeersTest {
    private static final String ADDRESS = "127.0.0.1";
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Peer.Vote VOTE = new Peer.Vote(true, null, 1, 3, "1/2A", true, false, 7);

    @TempDir
    Path folder = Path.of("");

    private final MountedCertificates certificates = new MountedCertificates("shop", "orders");
    private final List<Object> asked = new CopyOnWriteArrayList<>();
    private final CountDownLatch hanging = new CountDownLatch(1);
    private volatile boolean hangs;
    private volatile boolean silent;
    private AgentServer server;

    @BeforeEach
    void serve() throws IOException {
        certificates.mount(folder);
        server = new AgentServer(
                new InetSocketAddress(InetAddress.getByName(ADDRESS), 0),
                folder.resolve("server"),
                new AgentServer.Member() {
                    @Override
                    public boolean alive() {
                        return true;
                    }

                    @Override
                    public Readiness readiness() {
                        return new Readiness(true, "");
                    }

                    @Override
                    public MemberReport report() {
                        return MemberReport.none();
                    }
                },
                () -> new byte[0]);
        server.answer(new Answers());
        server.start();
    }

    @AfterEach
    void stop() {
        hanging.countDown();
        server.stop();
    }

    private final class Answers implements Peers {
        @Override
        public Peer.FailsafeAnswer failsafe(Peer.Failsafe question) {
            asked.add(question);
            return new Peer.FailsafeAnswer(false, "a primary", 8, true, 1);
        }

        @Override
        public Peer.Vote vote(Peer.VoteRequest request) {
            asked.add(request);
            try {
                if (hangs) {
                    hanging.await();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return VOTE;
        }

        @Override
        public void news(Peer.News news) {
            asked.add(news);
        }

        @Override
        public void nominate(Peer.Nomination nomination) {
            asked.add(nomination);
        }

        @Override
        public Peer.PositionAnswer position() throws IOException {
            if (silent) {
                throw new IOException("PostgreSQL does not answer");
            }
            return new Peer.PositionAnswer(3, "1/2A", true, Map.of(2, "1/0"));
        }

        @Override
        public void catchUp(Peer.CatchUp catchUp) {
            asked.add(catchUp);
        }

        @Override
        public void handOver(Peer.HandOver handOver) {
            asked.add(handOver);
        }
    }

    private PeerClient client(Path certificate, Duration patience) throws IOException {
        return new PeerClient(certificate, server.address().getPort(), patience);
    }

    private PeerClient member() throws IOException {
        return client(folder.resolve("replication"), PATIENCE);
    }

    @Test
    void eachQuestionReachesTheMemberAndItsAnswerComesBack() throws IOException {
        PeerClient client = member();
        Peer.Failsafe failsafe = new Peer.Failsafe(7, "100", 0, 10);
        Peer.VoteRequest vote = new Peer.VoteRequest(8, "100", 2, Vacancy.Terminated);
        Peer.Nomination nomination = new Peer.Nomination(8, "100", 2);
        Peer.HandOver handOver = new Peer.HandOver(7, "100", "1/2A");
        assertThat(client.failsafe(ADDRESS, failsafe))
                .isEqualTo(new Peer.FailsafeAnswer(false, "a primary", 8, true, 1));
        assertThat(client.vote(ADDRESS, vote)).isEqualTo(VOTE);
        client.nominate(ADDRESS, nomination);
        client.handOver(ADDRESS, handOver);
        client.news(ADDRESS, new Peer.News(2));
        client.catchUp(ADDRESS, new Peer.CatchUp("1/2A"));
        assertThat(client.position(ADDRESS)).isEqualTo(new Peer.PositionAnswer(3, "1/2A", true, Map.of(2, "1/0")));
        assertThat(asked)
                .containsExactly(failsafe, vote, nomination, handOver, new Peer.News(2), new Peer.CatchUp("1/2A"));
    }

    @Test
    void anAnswerThatDoesNotComeInTimeIsNone() throws IOException {
        hangs = true;
        PeerClient client = client(folder.resolve("replication"), Duration.ofMillis(300));
        long began = System.nanoTime();
        assertThatThrownBy(() -> client.vote(ADDRESS, new Peer.VoteRequest(8, "1", 2, Vacancy.Expired)))
                .isInstanceOf(IOException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(3));
        silent = true;
        assertThatThrownBy(() -> member().position(ADDRESS)).hasMessageContaining("503");
    }

    @Test
    void onlyMembersMayAsk() throws IOException {
        assertThatThrownBy(() -> client(folder.resolve("server"), PATIENCE)
                        .vote(ADDRESS, new Peer.VoteRequest(8, "1", 2, Vacancy.Expired)))
                .hasMessageContaining("401");
        assertThat(asked).isEmpty();
    }

    @Test
    void anotherClusterIsNeitherAskedNorAnswered() throws IOException {
        Path other = folder.resolve("other");
        new MountedCertificates("shop", "billing").mount(other);
        assertThatThrownBy(() -> client(other.resolve("replication"), PATIENCE).position(ADDRESS))
                .isInstanceOf(IOException.class);
        // Its own authority is right and the server's is not, or the other way round: each alone is enough.
        Files.copy(
                folder.resolve("replication/ca.crt"),
                other.resolve("replication/ca.crt"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> client(other.resolve("replication"), PATIENCE)
                        .vote(ADDRESS, new Peer.VoteRequest(8, "1", 2, Vacancy.Expired)))
                .isInstanceOf(IOException.class);
        assertThat(asked).isEmpty();
    }

    @Test
    void aReplacedAuthorityIsTakenIntoUseWithoutARestart() throws IOException {
        PeerClient client = member();
        client.position(ADDRESS);
        new MountedCertificates("shop", "orders").mount(folder);
        for (String name : List.of("server/tls.crt", "server/ca.crt", "replication/tls.crt", "replication/ca.crt")) {
            Files.setLastModifiedTime(
                    folder.resolve(name), FileTime.from(Instant.now().plusSeconds(5)));
        }
        assertThat(member().position(ADDRESS).timeline()).isEqualTo(3);
    }
}
