package io.matriarch.testkit.node;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Starts a container of a pod as processes of this machine: image, paths, environment, command, in this order. */
final class ContainerStarter {
    private final Pod pod;
    private final String address;
    private final Path folder;
    private final PodVolumes volumes;
    private final Surroundings around;
    private final int apiPort;

    /** @param apiPort on 127.0.0.1: the pod's own way to the API server */
    ContainerStarter(Pod pod, String address, Path folder, PodVolumes volumes, Surroundings around, int apiPort) {
        this.pod = pod;
        this.address = address;
        this.folder = folder;
        this.volumes = volumes;
        this.around = around;
        this.apiPort = apiPort;
    }

    /** A container that runs, with what running more in it takes. */
    record Started(
            ContainerProcess process,
            String id,
            Image image,
            ContainerRoot root,
            Map<String, String> environment,
            List<String> prefix,
            Supplier<Gate.Pass> gate) {
        /** Runs a command in it. */
        Optional<Integer> exec(List<String> command, Duration patience) throws IOException, InterruptedException {
            List<String> all = new ArrayList<>(prefix);
            Environment.expand(command, environment).forEach(word -> all.add(root.translate(word)));
            return ContainerProcess.exec(all, environment, mark(), root.folder(), gate, patience);
        }

        private String mark() {
            return id.substring("process://".length());
        }
    }

    /** Why a container cannot start, as its status says it. */
    static final class CannotStartException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String reason;

        CannotStartException(String reason, String message) {
            super(message);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }
    }

    Started start(Container container, int run) throws CannotStartException {
        Image image = around.images()
                .find(container.getImage())
                .orElseThrow(() -> new CannotStartException(
                        "ErrImagePull",
                        "failed to pull and unpack image \"%s\": not found on this machine"
                                .formatted(container.getImage())));
        try {
            ContainerRoot root =
                    new ContainerRoot(folder.resolve(container.getName()), volumes.mounts(container), image.folders());
            root.adopt(around.machine().folder());
            Map<String, String> environment =
                    new Environment(pod, address, around.sources()).of(container, given(image, root), root);
            List<String> prefix = around.machine().user().prefix(address);
            List<String> command = new ArrayList<>(prefix);
            if (container.getCommand().isEmpty()) {
                command.addAll(image.entrypoint());
            } else {
                translate(container.getCommand(), environment, root, command);
            }
            translate(container.getArgs(), environment, root, command);
            String mark =
                    around.machine().mark("%s/%s/%d".formatted(pod.getMetadata().getUid(), container.getName(), run));
            ContainerProcess process = ContainerProcess.start(
                    command, environment, mark, root.folder(), root.volumes(), log(container.getName(), run));
            return new Started(process, "process://" + mark, image, root, environment, prefix, volumes::start);
        } catch (Environment.MissingException e) {
            throw new CannotStartException("CreateContainerConfigError", String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw new CannotStartException("RunContainerError", String.valueOf(e.getMessage()));
        }
    }

    private static void translate(
            List<String> words, Map<String, String> environment, ContainerRoot root, List<String> into) {
        Environment.expand(words, environment).forEach(word -> into.add(root.translate(word)));
    }

    /**
     * What comes from the image and the node. Two of the agent's settings have defaults that a pod can have and processes of one machine cannot: a
     * network of one's own to listen on, and a fixed path for the token. So the node gives these, as an image could, and the pod may say otherwise.
     */
    private Map<String, String> given(Image image, ContainerRoot root) {
        Map<String, String> variables = new LinkedHashMap<>(image.environment());
        variables.put("HOSTNAME", pod.getMetadata().getName());
        variables.put("MATRIARCH_API_SERVER", "http://127.0.0.1:" + apiPort);
        variables.put("MATRIARCH_LISTEN", address);
        variables.put("MATRIARCH_SERVICE_ACCOUNT", root.translate(PodVolumes.ACCOUNT));
        return variables;
    }

    Path log(String container, int run) throws IOException {
        Path logs = Files.createDirectories(folder.resolve(".logs").resolve(container));
        return logs.resolve(run + ".log");
    }
}
