package io.matriarch.testkit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A refusal, as Kubernetes words it ({@code metav1.Status}). */
public final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String reason;
    private final transient ObjectNode details = JsonNodeFactory.instance.objectNode();

    public ApiError(int code, String reason, String message) {
        super(message);
        this.code = code;
        this.reason = reason;
    }

    static ApiError notFound(String what) {
        return new ApiError(404, "NotFound", what + " not found");
    }

    static ApiError notFound(Kind kind, String name) {
        return notFound("%s \"%s\"".formatted(kind.resource(), name)).about(kind, name);
    }

    static ApiError conflict(String message) {
        return new ApiError(409, "Conflict", message);
    }

    /** @param problems what is wrong, each beginning with the path of the field */
    static ApiError invalid(Kind kind, String name, List<String> problems) {
        String all = problems.size() == 1 ? problems.getFirst() : "[" + String.join(", ", problems) + "]";
        ApiError error = new ApiError(422, "Invalid", "%s \"%s\" is invalid: %s".formatted(kind.qualified(), name, all))
                .about(kind, name);
        for (String problem : problems) {
            int colon = problem.indexOf(": ");
            error.because("FieldValueInvalid", problem.substring(colon + 2), problem.substring(0, colon));
        }
        return error;
    }

    ApiError about(Kind kind, String name) {
        details.put("name", name).put("group", kind.group()).put("kind", kind.plural());
        return this;
    }

    ApiError because(String cause, String message, String field) {
        ArrayNode causes = details.withArrayProperty("causes");
        causes.addObject().put("reason", cause).put("message", message).put("field", field);
        return this;
    }

    int code() {
        return code;
    }

    ObjectNode status() {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        status.put("kind", "Status").put("apiVersion", "v1").put("status", "Failure");
        status.put("message", getMessage()).put("reason", reason).put("code", code);
        status.putObject("metadata");
        if (!details.isEmpty()) {
            status.set("details", details);
        }
        return status;
    }
}
