package io.matriarch.api;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumns;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL cluster: one primary and its streaming replicas, in one StatefulSet. */
@Group(PostgresCluster.GROUP)
@Version(PostgresCluster.VERSION)
@ShortNames("pgc")
@Categories("postgres")
@AdditionalPrinterColumns({
    @AdditionalPrinterColumn(
            name = "Instances",
            jsonPath = ".spec.instances",
            type = AdditionalPrinterColumn.Type.INTEGER),
    @AdditionalPrinterColumn(
            name = "Ready",
            jsonPath = ".status.readyInstances",
            type = AdditionalPrinterColumn.Type.INTEGER),
    @AdditionalPrinterColumn(name = "Primary", jsonPath = ".status.primary"),
    @AdditionalPrinterColumn(name = "Version", jsonPath = ".status.version"),
    @AdditionalPrinterColumn(name = "Status", jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason"),
    @AdditionalPrinterColumn(
            name = "Age",
            jsonPath = ".metadata.creationTimestamp",
            type = AdditionalPrinterColumn.Type.DATE)
})
@ValidationRule(
        value = "size(self.metadata.name) <= 50",
        message =
                "metadata.name: at most 50 characters, so that the names of pods, Services and revisions made from it fit in a label")
@ValidationRule(
        value = "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message =
                "metadata.name: lower case letters, digits and '-', beginning with a letter (Services are named after it)")
@ValidationRule(
        value = "!has(oldSelf.status) || !has(oldSelf.status.systemIdentifier)"
                + " || (has(self.spec.bootstrap) ? has(oldSelf.spec.bootstrap) && self.spec.bootstrap == oldSelf.spec.bootstrap"
                + " : !has(oldSelf.spec.bootstrap))",
        message =
                "bootstrap: it was carried out when the cluster was created and cannot be changed; make a new cluster instead")
public final class PostgresCluster extends CustomResource<PostgresClusterSpec, PostgresClusterStatus>
        implements Namespaced {
    public static final String GROUP = "matriarch.io";
    public static final String VERSION = "v1beta1";
    public static final String KIND = "PostgresCluster";

    private static final long serialVersionUID = 1L;

    @Override
    protected @Nullable PostgresClusterSpec initSpec() {
        return null;
    }

    @Override
    protected @Nullable PostgresClusterStatus initStatus() {
        return null;
    }
}
