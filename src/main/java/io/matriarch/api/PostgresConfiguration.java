package io.matriarch.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** PostgreSQL's own settings. Each change is validated with the image's own binary before any member uses it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PostgresConfiguration(
        @JsonPropertyDescription(
                "Parameters of postgresql.conf, by name. Values are strings: quote on, off and numbers (synchronous_commit: \"off\", max_connections: \"200\"). Those that the operator owns are refused, with the reason.")
        @Nullable
        Map<String, String> parameters,

        @JsonPropertyDescription(
                "Lines of pg_hba.conf, in order. They come after the lines that the cluster itself needs and before a last one that lets every role in with its password (host all all all scram-sha-256).")
        @Nullable
        List<String> hba) {}
