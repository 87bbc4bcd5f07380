package io.matriarch.testkit;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A refusal, as Kubernetes words it ({@code metav1.Status}). */
public final class ApiError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String reason;

    public ApiError(int code, String reason, String message) {
        super(message);
        this.code = code;
        this.reason = reason;
    }

    static ApiError notFound(String what) {
        return new ApiError(404, "NotFound", what + " not found");
    }

    static ApiError conflict(String message) {
        return new ApiError(409, "Conflict", message);
    }

    int code() {
        return code;
    }

    ObjectNode status() {
        ObjectNode status = JsonNodeFactory.instance.objectNode();
        status.put("kind", "Status").put("apiVersion", "v1").put("status", "Failure");
        status.put("message", getMessage()).put("reason", reason).put("code", code);
        status.putObject("metadata");
        return status;
    }
}
