package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts pods apart with iptables, which takes root. All connections are over the loopback device, so packets of a pod are known by the group that its
 * processes run with, and the answers to them by a mark on the connection. What was cut is dropped without a word.
 *
 * <p>Also lets a pod's connections come from the pod's own address, as PostgreSQL tells it of its replicas; without root they come from 127.0.0.1.
 */
final class Firewall implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Firewall.class);

    private final String chain;
    private final String addresses;
    private boolean made;
    private int marks;
    private Naming naming = Naming.NotYet;

    /** Whether packets can be given the address of their pod. */
    private enum Naming {
        NotYet,
        Works,
        Impossible
    }

    /** @param prefix of the cluster's addresses, such as {@code 127.64}; the sweeper knows the chain by it too */
    Firewall(String prefix) {
        this.chain = "MATRIARCH-" + prefix;
        this.addresses = prefix + ".0.0/16";
    }

    /** A pod's connections to others of the cluster come from its address from now on, if that can be had. */
    synchronized void name(String address) {
        if (naming == Naming.NotYet) {
            naming = Naming.Impossible;
            if (isRoot()) {
                try {
                    iptables("-t", "nat", "-N", chain);
                    iptables("-t", "nat", "-I", "POSTROUTING", "-o", "lo", "-j", chain);
                    naming = Naming.Works;
                } catch (IOException e) {
                    LOG.info("connections of pods come from 127.0.0.1: {}", e.getMessage());
                }
            }
        }
        changeName("-A", address);
    }

    /** There is no such pod any more. */
    synchronized void forget(String address) {
        changeName("-D", address);
    }

    private void changeName(String change, String address) {
        if (naming != Naming.Works) {
            return;
        }
        try {
            String group = Integer.toString(Addresses.group(address));
            iptables(
                    "-t",
                    "nat",
                    change,
                    chain,
                    "-p",
                    "tcp",
                    "-m",
                    "owner",
                    "--gid-owner",
                    group,
                    "-d",
                    addresses,
                    "-j",
                    "SNAT",
                    "--to-source",
                    address);
        } catch (IOException e) {
            LOG.warn("the address of a pod's connections: {}", e.getMessage());
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** Nothing passes any more between two pods, in neither direction. */
    synchronized void cut(String one, String other) throws IOException {
        make();
        int mark = 1000 + ++marks;
        add("-m", "connmark", "--mark", Integer.toString(mark), "-j", "DROP");
        for (List<String> way : List.of(List.of(one, other), List.of(other, one))) {
            String group = Integer.toString(Addresses.group(way.getFirst()));
            add("-m", "owner", "--gid-owner", group, "-d", way.getLast(), "-j", "CONNMARK", "--set-mark", "" + mark);
            add("-m", "owner", "--gid-owner", group, "-d", way.getLast(), "-j", "DROP");
        }
    }

    /** No packet passes any more from one pod to another; those of the other way do. */
    synchronized void cutOneWay(String from, String to) throws IOException {
        make();
        int mark = 1000 + ++marks;
        add("-m", "owner", "--gid-owner", "" + Addresses.group(from), "-d", to, "-j", "DROP");
        // Answers come from the address that was asked, on connections that the other pod opened.
        add("-m", "connmark", "--mark", "" + mark, "-s", from, "-j", "DROP");
        add(
                "-m",
                "owner",
                "--gid-owner",
                "" + Addresses.group(to),
                "-d",
                from,
                "-j",
                "CONNMARK",
                "--set-mark",
                "" + mark);
    }

    /** Everything passes again. */
    synchronized void heal() throws IOException {
        if (made) {
            iptables("-F", chain);
        }
    }

    private void make() throws IOException {
        if (!isRoot()) {
            throw new IOException("cutting pods apart takes root");
        }
        if (!made) {
            iptables("-N", chain);
            iptables("-I", "OUTPUT", "-o", "lo", "-j", chain);
            made = true;
        }
    }

    private void add(String... rule) throws IOException {
        List<String> words = new ArrayList<>(List.of("-A", chain));
        words.addAll(List.of(rule));
        iptables(words.toArray(String[]::new));
    }

    private static void iptables(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of("iptables", "-w"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (naming == Naming.Works) {
            iptables("-t", "nat", "-D", "POSTROUTING", "-o", "lo", "-j", chain);
            iptables("-t", "nat", "-F", chain);
            iptables("-t", "nat", "-X", chain);
            naming = Naming.Impossible;
        }
        if (made) {
            iptables("-D", "OUTPUT", "-o", "lo", "-j", chain);
            iptables("-F", chain);
            iptables("-X", chain);
            made = false;
        }
    }
}
