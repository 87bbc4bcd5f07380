package io.matriarch.playground;

import java.io.File;
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

    /** Whether there is one to be used: after {@code su -c} standard input may be a terminal that is not this program's. */
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

    /** Shows these lines, as far as the screen has room. */
    void show(List<String> lines) throws IOException {
        String[] size = stty("size").split(" ");
        int rows = Integer.parseInt(size[0]);
        int columns = Integer.parseInt(size[1]);
        StringBuilder screen = new StringBuilder(HOME);
        List<String> visible = lines.subList(0, Math.min(lines.size(), Math.max(1, rows - 1)));
        for (String line : visible) {
            screen.append(Text.cut(line, columns)).append(REST_OF_LINE).append("\r\n");
        }
        System.out.print(screen.append(REST_OF_SCREEN));
        System.out.flush();
    }

    private static String stty(String... words) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of("stty"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command)
                .redirectInput(new File("/dev/tty"))
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
