package io.matriarch.playground;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command behind {@code ./playground}. */
@Command(
        name = "playground",
        description = "Shows a PostgreSQL cluster on an embedded Kubernetes of local processes.",
        mixinStandardHelpOptions = true)
public final class Playground implements Callable<Integer> {
    private static final int REFUSED = 2;

    @Option(names = "--tour", description = "A scripted tour without keys; exit code 0 only if all of it held.")
    private boolean tour;

    @Option(names = "--port", description = "Port of the API server on 127.0.0.1 (default: any that is free).")
    private int port;

    private final CountDownLatch over = new CountDownLatch(1);
    private volatile boolean ending;

    private Playground() {}

    public static void main(String[] arguments) {
        Playground playground = new Playground();
        CommandLine line = new CommandLine(playground);
        line.setParameterExceptionHandler((e, words) -> {
            System.err.println("playground: " + e.getMessage() + " (--help says what there is)");
            return REFUSED;
        });
        line.setExecutionExceptionHandler((e, command, result) -> {
            if (!playground.ending) { // what Ctrl-C interrupted is no news
                System.err.println("playground: " + (e.getMessage() == null ? e : e.getMessage()));
            }
            return e instanceof Refusal ? REFUSED : 1;
        });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, Refusal {
        if (!tour && (System.console() == null || !Terminal.there())) {
            throw new Refusal("this is no terminal: use --tour");
        }
        if (port < 0 || port > 65535) {
            throw new Refusal("no such port: " + port);
        }
        try (OnlyOne one =
                OnlyOne.hold(Path.of("/tmp", "matriarch-playground-" + System.getProperty("user.name") + ".lock"))) {
            // Ctrl-C and kill: the main thread ends what it began, and this waits for it
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(main)));
            try (Theatre theatre = open()) {
                theatre.startOperator();
                int code = tour ? tour(theatre) : watch(theatre);
                if (!tour) {
                    System.out.println("ending the cluster and its processes ...");
                }
                return code;
            } catch (InterruptedException e) {
                return 130;
            }
        } finally {
            over.countDown();
        }
    }

    private void end(Thread main) {
        ending = true;
        if (over.getCount() > 0) {
            main.interrupt();
        }
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Theatre open() throws IOException, Refusal {
        System.out.println(
                "preparing an API server, three nodes and the agent's image (half a minute the first time) ...");
        try {
            return new Theatre(3, port);
        } catch (BindException e) {
            throw Refusal.port(port, e);
        } catch (IOException e) {
            throw Refusal.because(e);
        }
    }

    private static int tour(Theatre theatre) throws InterruptedException {
        return new Tour(theatre, System.out).run() ? 0 : 1;
    }

    private int watch(Theatre theatre) throws IOException, InterruptedException {
        theatre.apply();
        try (Terminal terminal = new Terminal();
                Lag lag = new Lag(theatre)) {
            Screen screen = new Screen(theatre, lag);
            Keys keys = new Keys(theatre);
            String note = "the example examples/quickstart.yaml was applied; three members come into being";
            while (!ending) {
                Optional<Character> key = Terminal.key();
                if (key.isPresent() && key.get() == 'q') {
                    return 0;
                }
                if (key.isPresent()) {
                    note = keys.press(key.get());
                }
                terminal.show(screen.frame(note, terminal.columns()));
                Thread.sleep(key.isPresent() ? 50 : 300);
            }
            return 130;
        }
    }
}
