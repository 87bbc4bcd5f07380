package io.matriarch.testkit.node;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Loopback addresses of one cluster: a block 127.x.0.0/16 that no other cluster of this machine has. The kernel keeps the blocks apart: a socket
 * bound to a port that nothing else uses is held as long as this program lives.
 */
final class Addresses implements AutoCloseable {
    private static final Pattern PREFIX = Pattern.compile("127\\.(\\d{1,3})");
    private static final int MARK = 47471;
    private static final int FIRST = 64;
    private static final int LAST = 250;
    private static final int PODS = 10;
    private static final int SIZE = 200 * 250;

    private final int block;
    private final ServerSocket mark;
    private final BitSet taken = new BitSet();
    private int next;

    private Addresses(int block, ServerSocket mark) {
        this.block = block;
        this.mark = mark;
    }

    /** The first block that is free, and that fits: {@code 127.x} does. */
    static Addresses claim(Predicate<String> fits) throws IOException {
        for (int block = FIRST; block <= LAST; block++) {
            Optional<Addresses> claimed = claim(block);
            if (claimed.isPresent() && fits.test(claimed.get().prefix())) {
                return claimed.get();
            }
            if (claimed.isPresent()) {
                claimed.get().close();
            }
        }
        throw new IOException(
                "no loopback addresses are left: 127.%d.0.0/16 to 127.%d.0.0/16 are in use".formatted(FIRST, LAST));
    }

    /** This block, given as {@code 127.x}, unless a cluster that lives has it, or it is no block of clusters. */
    static Optional<Addresses> claim(String prefix) throws IOException {
        Matcher block = PREFIX.matcher(prefix);
        return block.matches() ? claim(Integer.parseInt(block.group(1))) : Optional.empty();
    }

    private static Optional<Addresses> claim(int block) throws IOException {
        if (block < FIRST || block > LAST) {
            return Optional.empty();
        }
        ServerSocket mark = new ServerSocket();
        try {
            mark.bind(new InetSocketAddress(address(block, 0, 1), MARK));
            return Optional.of(new Addresses(block, mark));
        } catch (BindException used) {
            mark.close();
            return Optional.empty();
        }
    }

    private static InetAddress address(int block, int third, int last) throws IOException {
        return InetAddress.getByAddress(new byte[] {127, (byte) block, (byte) third, (byte) last});
    }

    /** As {@code 127.x}. */
    String prefix() {
        return "127." + block;
    }

    /** An address for a pod. One that was given back is not used again soon: somebody may still look for the former pod there. */
    synchronized String take() {
        for (int tried = 0; tried < SIZE; tried++) {
            int candidate = next++ % SIZE;
            if (!taken.get(candidate)) {
                taken.set(candidate);
                return "%s.%d.%d".formatted(prefix(), PODS + candidate / 250, candidate % 250 + 1);
            }
        }
        throw new IllegalStateException("no address is left for another pod");
    }

    synchronized void giveBack(String address) {
        taken.clear(index(address));
    }

    private static int index(String address) {
        String[] parts = address.split("\\.");
        return (Integer.parseInt(parts[2]) - PODS) * 250 + Integer.parseInt(parts[3]) - 1;
    }

    /** A group of the pod's own, when containers do not run as this program's user: the firewall and the sweeper tell pods by it. */
    static int group(String address) {
        String[] parts = address.split("\\.");
        return 1_000_000_000
                + (Integer.parseInt(parts[1]) << 16)
                + (Integer.parseInt(parts[2]) << 8)
                + Integer.parseInt(parts[3]);
    }

    /** First of the 65,536 groups of this block. */
    int firstGroup() {
        return 1_000_000_000 + (block << 16);
    }

    @Override
    public void close() throws IOException {
        mark.close();
    }
}
