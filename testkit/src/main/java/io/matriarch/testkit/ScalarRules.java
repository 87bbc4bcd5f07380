package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** What the API server says of one value by itself: the limits of its schema, and the rules on it. */
public final class ScalarRules {
    private final Rules rules = new Rules();

    public boolean admits(JsonNode schema, JsonNode value) {
        ObjectNode root = Store.JSON.createObjectNode();
        root.put("type", "object").putObject("properties").set("value", schema);
        ObjectNode object = Store.JSON.createObjectNode();
        object.set("value", value);
        return new Schema(root, rules).problems(object, Optional.empty()).isEmpty();
    }
}
