package io.matriarch.plan;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.matriarch.api.contract.Settings;
import io.matriarch.plan.Step.Result;
import io.matriarch.render.SettingsDocument;
import java.util.List;

/** The settings document that the agents follow. */
final class Configuration {
    private Configuration() {}

    static Result step(ClusterView view) {
        ConfigMap desired = SettingsDocument.configMap(view.rendering(), wanted(view));
        return Step.actOrDone(Wanted.applied(view, List.of(desired)), List.of());
    }

    static Settings wanted(ClusterView view) {
        return SettingsDocument.of(
                view.rendering(),
                Scale.memberships(view),
                Bootstrapping.order(view).order(),
                Requests.of(view).asked());
    }
}
