package io.matriarch.plan.view;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.Problem;
import io.matriarch.api.contract.Problem.Reason;
import io.matriarch.api.contract.Problem.Subject;
import io.matriarch.render.SettingsDocument;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Why a pod does not come up. The words stay the same in each pass as long as the problem does, although the kubelet's own alternate.
 *
 * @param needsUser whether only the user can solve it
 * @param broken whether the pod is useless as it is, so that replacing it costs nothing
 * @param about what it is about
 */
public record PodTrouble(String reason, String message, boolean needsUser, boolean broken, Subject about) {
    /** A problem in Kubernetes' own words: these are about the pod. */
    PodTrouble(String reason, String message, boolean needsUser, boolean broken) {
        this(reason, message, needsUser, broken, Subject.Member);
    }

    private static final Duration SLOW = Duration.ofMinutes(1);
    private static final Duration STUCK = Duration.ofMinutes(1);

    /** A container that ends sooner than this for the third time is in a crash loop. */
    private static final Duration SHORT = Duration.ofMinutes(1);

    private static final int LOOP = 3;
    private static final int TAIL = 400;

    private static final Set<String> PULL =
            Set.of("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable");
    private static final Set<String> CREATE =
            Set.of("CreateContainerConfigError", "CreateContainerError", "RunContainerError");

    public static Optional<PodTrouble> of(ClusterView view, Member member) {
        if (member.ready()) {
            return Optional.empty();
        }
        Optional<PodTrouble> leaving = node(view, member).or(() -> stuck(view, member));
        if (leaving.isPresent() || member.terminating()) {
            return leaving;
        }
        PodStatus status = member.pod().getStatus();
        return Optional.<PodTrouble>empty()
                .or(() -> status == null ? Optional.empty() : unscheduled(member, status))
                .or(() -> status == null ? Optional.empty() : containers(view, member, status))
                .or(() -> reported(view, member))
                .or(() -> mounting(view, member));
    }

    /** The problem that the node of a pod is not ready. */
    static Optional<PodTrouble> node(ClusterView view, Member member) {
        String name =
                member.pod().getSpec() == null ? null : member.pod().getSpec().getNodeName();
        if (name == null) {
            return Optional.empty();
        }
        Optional<Node> node = view.find(Node.class, name);
        boolean answers = node.flatMap(n -> n.getStatus() == null
                        ? Optional.empty()
                        : n.getStatus().getConditions().stream()
                                .filter(c -> "Ready".equals(c.getType()))
                                .findFirst())
                .map(c -> "True".equals(c.getStatus()))
                .orElse(true);
        return answers
                ? Optional.empty()
                : Optional.of(new PodTrouble(
                        "NodeNotReady",
                        "%s is on node %s, which does not answer. It comes back with the node. If the node is powered off for certain: kubectl taint nodes %s node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
                                .formatted(member.name(), name, name),
                        true,
                        false));
    }

    private static Optional<PodTrouble> stuck(ClusterView view, Member member) {
        String deadline = member.pod().getMetadata().getDeletionTimestamp();
        if (deadline == null || view.now().isBefore(Instant.parse(deadline).plus(STUCK))) {
            return Optional.empty();
        }
        List<String> finalizers =
                Objects.requireNonNullElse(member.pod().getMetadata().getFinalizers(), List.of());
        return Optional.of(new PodTrouble(
                "StuckTerminating",
                "%s should have ended by %s, but is still there%s. Look at the kubelet of its node"
                        .formatted(
                                member.name(),
                                deadline,
                                finalizers.isEmpty() ? "" : " (finalizers " + String.join(", ", finalizers) + ")"),
                true,
                false));
    }

    private static Optional<PodTrouble> unscheduled(Member member, PodStatus status) {
        return status.getConditions().stream()
                .filter(c -> "PodScheduled".equals(c.getType())
                        && "False".equals(c.getStatus())
                        && "Unschedulable".equals(c.getReason()))
                .findFirst()
                .map(c -> new PodTrouble(
                        "Unschedulable",
                        "%s cannot be scheduled: %s".formatted(member.name(), c.getMessage()),
                        true,
                        true));
    }

    private static Optional<PodTrouble> containers(ClusterView view, Member member, PodStatus status) {
        List<ContainerStatus> init = Objects.requireNonNullElse(status.getInitContainerStatuses(), List.of());
        List<ContainerStatus> all = new ArrayList<>(init);
        all.addAll(Objects.requireNonNullElse(status.getContainerStatuses(), List.of()));
        for (ContainerStatus container : all) {
            Optional<PodTrouble> trouble =
                    waiting(member, container).or(() -> failed(view, member, container, init.contains(container)));
            if (trouble.isPresent()) {
                return trouble;
            }
        }
        return Optional.empty();
    }

    private static Optional<PodTrouble> waiting(Member member, ContainerStatus container) {
        ContainerStateWaiting waiting =
                container.getState() == null ? null : container.getState().getWaiting();
        if (waiting == null || waiting.getReason() == null) {
            return Optional.empty();
        }
        String image = image(member.pod(), container);
        if (PULL.contains(waiting.getReason())) {
            return Optional.of(new PodTrouble(
                    "ImagePull",
                    "%s cannot pull the image %s%s. Correct the image%s"
                            .formatted(
                                    member.name(),
                                    image,
                                    cause(waiting),
                                    " or imagePullSecrets; the operator then replaces the broken pods"),
                    true,
                    true));
        }
        if (CREATE.contains(waiting.getReason())) {
            return Optional.of(new PodTrouble(
                    waiting.getReason(),
                    "container %s of %s cannot be made: %s"
                            .formatted(container.getName(), member.name(), waiting.getMessage()),
                    true,
                    true));
        }
        return Optional.empty();
    }

    /** The kubelet's words change between attempts; the kind of failure does not. */
    private static String cause(ContainerStateWaiting waiting) {
        String text = Objects.requireNonNullElse(waiting.getMessage(), "").toLowerCase(Locale.ROOT);
        if (waiting.getReason().equals("InvalidImageName")) {
            return ": that is no valid name";
        }
        return waiting.getReason().equals("ErrImageNeverPull")
                ? ": it is not on the node, and imagePullPolicy is Never"
                : text.contains("unauthorized") || text.contains("denied") ? ": the registry refuses access" : "";
    }

    private static String image(Pod pod, ContainerStatus status) {
        List<io.fabric8.kubernetes.api.model.Container> all = new ArrayList<>();
        if (pod.getSpec() != null) {
            all.addAll(Objects.requireNonNullElse(pod.getSpec().getInitContainers(), List.of()));
            all.addAll(Objects.requireNonNullElse(pod.getSpec().getContainers(), List.of()));
        }
        return all.stream()
                .filter(c -> c.getName().equals(status.getName()))
                .map(io.fabric8.kubernetes.api.model.Container::getImage)
                .findFirst()
                .orElse(status.getImage());
    }

    /** A container that ended with an error and has not served since, at whatever point of its restarts it is now. */
    private static Optional<PodTrouble> failed(
            ClusterView view, Member member, ContainerStatus container, boolean init) {
        Optional<ContainerStateTerminated> ended = terminated(container.getState());
        if (ended.filter(t -> t.getExitCode() == 0).isPresent()) {
            return Optional.empty();
        }
        Optional<ContainerStateTerminated> end =
                ended.or(() -> terminated(container.getLastState())).filter(t -> !Objects.equals(t.getExitCode(), 0));
        boolean ours = container.getName().equals(io.matriarch.render.PodTemplate.CONTAINER);
        if (end.isEmpty() || Boolean.TRUE.equals(container.getReady())) {
            return Optional.empty();
        }
        if (ours && member.report().map(MemberReport::problem).isPresent()) {
            boolean mayHelp = member.report()
                    .map(MemberReport::problem)
                    .filter(problem -> problem.known().cure().newPodMayHelp())
                    .isPresent();
            return reported(view, member)
                    .map(t -> new PodTrouble(
                            t.reason(),
                            t.message(),
                            t.needsUser(),
                            t.broken() || (!runs(container) && mayHelp),
                            t.about()));
        }
        if (ours && runs(container) && !loops(container, end.get(), view.now())) {
            // A member that was restarted is coming up: nothing is wrong until it fails again.
            return Optional.empty();
        }
        String text = Objects.requireNonNullElse(end.get().getMessage(), "").strip();
        String tail = text.length() > TAIL ? "…" + text.substring(text.length() - TAIL) : text;
        String words =
                tail.isEmpty() ? "see kubectl logs %s -c %s".formatted(member.name(), container.getName()) : tail;
        if (ours
                && Set.of("StartError", "ContainerCannotRun")
                        .contains(Objects.toString(end.get().getReason(), ""))) {
            return Optional.of(new PodTrouble(
                    "CannotStart",
                    "%s cannot start with the image %s: %s. It needs bash and a C library like Debian's, as in the official postgres image"
                            .formatted(member.name(), image(member.pod(), container), words),
                    true,
                    true));
        }
        return Optional.of(new PodTrouble(
                init ? "InitContainerFailed" : "ContainerFailed",
                "%s %s of %s%s ended with exit code %d%s: %s"
                        .formatted(
                                init ? "init container" : "container",
                                container.getName(),
                                member.name(),
                                ours ? " (image " + image(member.pod(), container) + ")" : "",
                                end.get().getExitCode(),
                                end.get().getReason() == null
                                                || "Error".equals(end.get().getReason())
                                        ? ""
                                        : " (" + end.get().getReason() + ")",
                                words),
                true,
                true));
    }

    /** Whether a container that is running now ended soon after its last start, has restarted several times, and may be about to end again. */
    private static boolean loops(ContainerStatus container, ContainerStateTerminated end, Instant now) {
        String since = container.getState().getRunning().getStartedAt();
        boolean young = since == null || now.isBefore(Instant.parse(since).plus(SHORT));
        boolean lived = end.getStartedAt() != null
                && end.getFinishedAt() != null
                && Instant.parse(end.getFinishedAt())
                        .isAfter(Instant.parse(end.getStartedAt()).plus(SHORT));
        return Objects.requireNonNullElse(container.getRestartCount(), 0) >= LOOP && young && !lived;
    }

    private static boolean runs(ContainerStatus container) {
        return container.getState() != null && container.getState().getRunning() != null;
    }

    /** Whether PostgreSQL may be running in a pod: it may serve, vote or hold the Lease, even if the pod is not ready. */
    public static boolean mayServe(ClusterView view, Member member) {
        List<ContainerStatus> containers = member.pod().getStatus() == null
                ? List.of()
                : Objects.requireNonNullElse(member.pod().getStatus().getContainerStatuses(), List.of());
        return containers.stream()
                        .anyMatch(c -> c.getName().equals(io.matriarch.render.PodTemplate.CONTAINER) && runs(c))
                && member.report()
                        .filter(r -> r.state() == MemberReport.State.Failed)
                        .isEmpty()
                && node(view, member).isEmpty();
    }

    private static Optional<ContainerStateTerminated> terminated(
            @org.jspecify.annotations.Nullable ContainerState state) {
        return Optional.ofNullable(state).map(ContainerState::getTerminated);
    }

    private static Optional<PodTrouble> reported(ClusterView view, Member member) {
        return member.report()
                .map(MemberReport::problem)
                .filter(problem -> !ownSecret(view, problem))
                .map(problem -> {
                    String message = problem.message();
                    String said = message.contains(member.name()) ? message : member.name() + ": " + message;
                    String image = member.pod().getSpec() == null
                            ? ""
                            : member.pod().getSpec().getContainers().stream()
                                    .filter(c -> c.getName().equals(io.matriarch.render.PodTemplate.CONTAINER))
                                    .map(io.fabric8.kubernetes.api.model.Container::getImage)
                                    .findFirst()
                                    .orElse("");
                    boolean aboutImage = problem.known().about() == Subject.Image && !message.contains(image);
                    boolean down = member.report()
                            .filter(r -> r.state() == MemberReport.State.Failed)
                            .isPresent();
                    return new PodTrouble(
                            problem.reason(),
                            aboutImage ? "%s (image %s)".formatted(said, image) : said,
                            true,
                            down && problem.known().cure().newPodMayHelp(),
                            problem.known().about());
                });
    }

    /** Whether an agent has not yet seen a Secret that the operator itself creates: the user has nothing to do. */
    private static boolean ownSecret(ClusterView view, Problem problem) {
        return problem.is(Reason.SecretMissing) && !SettingsDocument.givesSecret(view.rendering());
    }

    private static Optional<PodTrouble> mounting(ClusterView view, Member member) {
        String created = member.pod().getMetadata().getCreationTimestamp();
        if (member.terminating()
                || created == null
                || view.now().isBefore(Instant.parse(created).plus(SLOW))) {
            return Optional.empty();
        }
        return view.notice("Pod", member.name(), "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
                .filter(notice -> notice.at().isAfter(view.now().minus(Duration.ofMinutes(10))))
                .map(notice -> new PodTrouble(
                        notice.reason(),
                        "%s cannot start%s: %s"
                                .formatted(
                                        member.name(),
                                        notice.reason().equals("FailedCreatePodSandBox")
                                                ? ""
                                                : " with the volume "
                                                        + view.names().dataClaim(member.ordinal()),
                                        notice.message().lines().findFirst().orElse("")),
                        false,
                        true));
    }
}
