package io.matriarch.playground;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The visitor's terminal: single keys in, whole screens out. What it was before comes back when it is closed. */
final class Terminal implements AutoCloseable {
    private static final String OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String FORMER_SCREEN = "\u001b[?25h\u001b[?1049l";
    private static final String HOME = "\u001b[H";
    private static final String REST_OF_LINE = "\u001b[K";
    private static final String REST_OF_SCREEN = "\u001b[J";

    private final String former;

    Terminal() throws IOException {
        former = stty("-g");
        stty("-icanon", "-echo", "min", "0", "time", "0");
        System.out.print(OTHER_SCREEN);
        System.out.flush();
    }

    /** Whether standard input is one. */
    static boolean there() {
        try {
            return !stty("-g").isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    /** A key, if one was pressed. */
    static Optional<Character> key() throws IOException {
        return System.in.available() > 0 ? Optional.of((char) System.in.read()) : Optional.empty();
    }

    /** Columns of the screen. */
    int columns() throws IOException {
        return size()[1];
    }

    /** Shows a picture that fits the screen. */
    void show(Frame frame) throws IOException {
        int[] size = size();
        StringBuilder screen = new StringBuilder(HOME);
        for (String line : frame.lines(size[0], size[1])) {
            screen.append(line).append(REST_OF_LINE).append("\r\n");
        }
        System.out.print(screen.append(REST_OF_SCREEN));
        System.out.flush();
    }

    /** Rows and columns; those of a terminal of old when it does not say. */
    private static int[] size() throws IOException {
        String[] size = stty("size").split(" ");
        return size.length == 2 && !size[0].equals("0")
                ? new int[] {Integer.parseInt(size[0]), Integer.parseInt(size[1])}
                : new int[] {24, 80};
    }

    private static String stty(String... words) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of("stty"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                // Not /dev/tty: after su -c standard input is a terminal, and this program has no controlling one.
                .redirectInput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII).strip();
    }

    @Override
    public void close() throws IOException {
        System.out.print(FORMER_SCREEN);
        System.out.flush();
        stty(former);
    }
}
