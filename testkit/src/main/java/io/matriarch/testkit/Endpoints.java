package io.matriarch.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.matriarch.testkit.Store.Key;

/** One EndpointSlice for each Service with a selector: the addresses of the pods it selects, and whether they are ready. */
final class Endpoints extends Controller {
    Endpoints(Store store) {
        super(store);
    }

    @Override
    void turn() {
        for (ObjectNode service : store().list("Service")) {
            if (!service.path("spec").path("selector").isEmpty()) {
                slice(service);
            }
        }
    }

    private void slice(ObjectNode service) {
        String namespace = service.path("metadata").path("namespace").asText();
        String name = service.path("metadata").path("name").asText();
        boolean all = service.path("spec").path("publishNotReadyAddresses").asBoolean();
        ObjectNode selector = Store.JSON.createObjectNode();
        selector.set("matchLabels", service.path("spec").path("selector"));
        ObjectNode content = Store.JSON.createObjectNode();
        content.put("addressType", "IPv4");
        content.putArray("endpoints");
        for (ObjectNode pod : store().list("Pod")) {
            String address = pod.path("status").path("podIP").asText("");
            if (address.isEmpty()
                    || !pod.path("metadata").path("namespace").asText().equals(namespace)
                    || !Selector.matches(selector, pod)) {
                continue;
            }
            ObjectNode endpoint = content.withArrayProperty("endpoints").addObject();
            endpoint.putArray("addresses").add(address);
            endpoint.putObject("conditions")
                    .put("ready", all || StatefulSets.ready(pod))
                    .put("serving", StatefulSets.ready(pod))
                    .put("terminating", pod.path("metadata").has("deletionTimestamp"));
            if (pod.path("spec").has("hostname")) {
                endpoint.set("hostname", pod.path("spec").path("hostname"));
            }
            endpoint.putObject("targetRef")
                    .put("kind", "Pod")
                    .put("namespace", namespace)
                    .put("name", pod.path("metadata").path("name").asText());
        }
        for (JsonNode port : service.path("spec").path("ports")) {
            ObjectNode entry = content.withArrayProperty("ports").addObject();
            entry.set("name", port.path("name"));
            entry.put("port", number(port.path("targetPort"), content.path("endpoints"), namespace));
            entry.set("protocol", port.path("protocol"));
        }
        Key key = new Key("EndpointSlice", namespace, name + "-testkit");
        if (store().get(key).isEmpty()) {
            ObjectNode slice = content.deepCopy();
            slice.put("apiVersion", "discovery.k8s.io/v1").put("kind", "EndpointSlice");
            ObjectNode metadata = slice.putObject("metadata");
            metadata.putObject("labels").put("kubernetes.io/service-name", name);
            metadata.putArray("ownerReferences")
                    .addObject()
                    .put("apiVersion", "v1")
                    .put("kind", "Service")
                    .put("name", name)
                    .put("uid", service.path("metadata").path("uid").asText())
                    .put("controller", true);
            store().create(key, slice);
        } else {
            store().update(key, live -> live.setAll(content));
        }
    }

    /** A port by its name in the containers; 0 while no pod has it. */
    private int number(JsonNode target, JsonNode endpoints, String namespace) {
        if (target.isIntegralNumber()) {
            return target.asInt();
        }
        for (JsonNode endpoint : endpoints) {
            Key pod = new Key(
                    "Pod", namespace, endpoint.path("targetRef").path("name").asText());
            for (JsonNode container : store().get(pod)
                    .map(object -> object.path("spec").path("containers"))
                    .orElse(MissingNode.getInstance())) {
                for (JsonNode port : container.path("ports")) {
                    if (port.path("name").equals(target)) {
                        return port.path("containerPort").asInt();
                    }
                }
            }
        }
        return 0;
    }
}
