package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the cluster gets its database. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Bootstrap(
        @JsonPropertyDescription("Begin with an empty database.") @Nullable
        Initdb initdb) {

    /** An empty database, created by initdb (PostgreSQL manual, "initdb"). */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Initdb(
            @JsonPropertyDescription("Name of the application's database.") @Default("app") @Nullable
            String database,

            @JsonPropertyDescription("The role that owns it; `app` when absent.")
            @Default("app")
            @ValidationRule(
                    value = "!(self in ['postgres', 'matriarch_replication']) && !self.startsWith('pg_')",
                    message =
                            "bootstrap.initdb.owner: postgres, matriarch_replication and names that begin with pg_ are taken; choose another role")
            @Nullable
            String owner,

            @JsonPropertyDescription(
                    "A Secret of type kubernetes.io/basic-auth with `username` (the owner) and `password`. When absent the operator makes NAME-app with a random password.")
            @Nullable
            String secretName,

            @JsonPropertyDescription("Encoding of the databases.") @Default("UTF8") @Nullable
            String encoding,

            @JsonPropertyDescription(
                    "Locale of the databases. C.UTF-8 sorts the same on every machine and needs no re-indexing when the image's C library changes.")
            @Default("C.UTF-8")
            @Nullable
            String locale,

            @JsonPropertyDescription("Checksums on data pages.") @Default("true") @Nullable
            Boolean dataChecksums,

            @JsonPropertyDescription(
                    "SQL statements that run once in the application's database, as the superuser, after it was created.")
            @Nullable
            List<String> postInitSQL,

            @JsonPropertyDescription(
                    "More statements, in ConfigMaps and Secrets of this namespace. They run after postInitSQL, in order.")
            @Nullable
            List<SqlReference> postInitSQLRefs) {}

    /** A key of a ConfigMap or Secret that holds SQL. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "has(self.configMapKeyRef) != has(self.secretKeyRef)",
            message = "postInitSQLRefs: give either configMapKeyRef or secretKeyRef")
    public record SqlReference(
            @JsonPropertyDescription("A key of a ConfigMap.") @Nullable
            KeyReference configMapKeyRef,

            @JsonPropertyDescription("A key of a Secret.") @Nullable
            KeyReference secretKeyRef) {}

    /** Name and key, as in Kubernetes' own references. */
    public record KeyReference(
            @JsonPropertyDescription("Name of the object.") @Required
            String name,

            @JsonPropertyDescription("Key in its data.") @Required
            String key) {}
}
