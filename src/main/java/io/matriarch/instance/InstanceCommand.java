package io.matriarch.instance;

import io.matriarch.Build;
import io.matriarch.api.contract.Names;
import io.matriarch.api.contract.Ports;
import io.matriarch.instance.ha.Me;
import io.matriarch.instance.loop.Agent;
import io.matriarch.instance.net.AgentServer;
import io.matriarch.instance.postgres.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent of one member: it starts, follows and fences PostgreSQL. It takes no arguments, as everything comes from the pod's environment
 * ({@link AgentOptions}); so the memory beside PostgreSQL need not hold a command-line parser.
 */
public final class InstanceCommand {
    private static final Logger LOG = LoggerFactory.getLogger(InstanceCommand.class);

    private InstanceCommand() {}

    /**
     * Runs until the pod ends.
     *
     * @return exit code
     * @throws IllegalArgumentException if the environment lacks something; its message says what
     */
    public static int run(Map<String, String> environment) throws IOException, InterruptedException {
        AgentOptions options = AgentOptions.of(environment);
        AgentLog.configure(options.namespace() + "/" + options.cluster());
        Build build = Build.running();
        Me me = new Me(
                options.pod(),
                Names.ordinal(options.pod()),
                options.podUid(),
                HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()),
                options.address(),
                build.text());
        LOG.info(
                "agent {} of {}/{}, incarnation {}",
                me.version(),
                options.namespace(),
                options.pod(),
                me.incarnation());
        build.trouble().ifPresent(LOG::error);
        Files.createDirectories(options.run());
        Layout layout = new Layout(
                options.namespace(),
                options.cluster(),
                options.pod(),
                options.data(),
                options.wal(),
                options.run(),
                options.socket(),
                options.serverCertificate(),
                options.replicationCertificate(),
                options.listen(),
                Ports.POSTGRES);
        Wiring wiring = Wiring.of(options, me, layout);
        Agent agent = wiring.agent();
        AgentServer server = wiring.server();
        CountDownLatch ended = new CountDownLatch(1);
        endOnSignal(agent, ended, options.grace());
        wiring.start();
        try {
            agent.run();
            server.stop();
            return 0;
        } finally {
            ended.countDown();
        }
    }

    /**
     * On SIGTERM, stops cleanly. The process ends with 0 once the loop has ended. This does not join the loop's thread, which ends in System.exit
     * and waits for this hook.
     */
    private static void endOnSignal(Agent agent, CountDownLatch ended, long grace) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (ended.getCount() == 0) {
                return; // the loop ended by itself, with an exit code of its own
            }
            agent.stop();
            try {
                if (ended.await(grace, TimeUnit.SECONDS)) {
                    Runtime.getRuntime().halt(0);
                }
                LOG.error("the agent did not end within {} s", grace);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
    }
}
