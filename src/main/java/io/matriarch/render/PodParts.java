package io.matriarch.render;

import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Containers and volumes that the user added, as Kubernetes' own types. */
final class PodParts {
    private static final ObjectMapper JSON = new ObjectMapper();

    private PodParts() {}

    /** The parts that can be read. Validation has reported the others, and then nothing is rendered. */
    static <T> List<T> of(@Nullable List<Map<String, Object>> given, Class<T> type) {
        return of("", given, type, new ArrayList<>());
    }

    /** The parts that can be read; each of the others is reported as a problem. */
    static <T> List<T> of(
            String field, @Nullable List<Map<String, Object>> given, Class<T> type, List<String> problems) {
        List<Map<String, Object>> parts = PodTemplate.orEmpty(given);
        List<T> read = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            try {
                read.add(JSON.convertValue(parts.get(i), type));
            } catch (IllegalArgumentException e) {
                problems.add("%s[%d]%s: a pod has something else there; kubectl explain pod.spec.%s tells what"
                        .formatted(field, i, where(e), field.substring(field.lastIndexOf("pod.") + "pod.".length())));
            }
        }
        return read;
    }

    private static String where(IllegalArgumentException e) {
        StringBuilder path = new StringBuilder();
        if (e.getCause() instanceof JsonMappingException mapping) {
            mapping.getPath()
                    .forEach(step -> path.append(
                            step.getFieldName() == null ? "[" + step.getIndex() + "]" : "." + step.getFieldName()));
        }
        return path.toString();
    }
}
