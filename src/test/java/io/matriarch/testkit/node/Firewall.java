package io.matriarch.testkit.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts pods apart with iptables, which takes root. All connections are over the loopback device and come from 127.0.0.1, so packets of a pod are
 * known by the group that its processes run with, and the answers to them by a mark on the connection. What was cut is dropped without a word.
 */
final class Firewall implements AutoCloseable {
    private final String chain;
    private boolean made;
    private int marks;

    /** @param prefix of the cluster's addresses, such as {@code 127.64}; the sweeper knows the chain by it too */
    Firewall(String prefix) {
        this.chain = "MATRIARCH-" + prefix;
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

    /** Everything passes again. */
    synchronized void heal() throws IOException {
        if (made) {
            iptables("-F", chain);
        }
    }

    private void make() throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
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
        if (made) {
            iptables("-D", "OUTPUT", "-o", "lo", "-j", chain);
            iptables("-F", chain);
            iptables("-X", chain);
            made = false;
        }
    }
}
