package io.matriarch.testkit;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code x-kubernetes-validations}: CEL with the functions for strings and Kubernetes' own for quantities. A quantity is the text of its value in plain decimals, and
 * values have no declared types: what a real API server finds when a definition is created shows here only when the rule runs.
 */
final class Rules {
    private static final String NOT_A_SIZE = "not a quantity";

    private final Map<String, CelRuntime.Program> programs = new ConcurrentHashMap<>();

    /** Loading it takes longer than anything else of a start; it is there when the first rule is to be evaluated. */
    private static final class Engine {
        static final CelCompiler COMPILER = CelCompilerFactory.standardCelCompilerBuilder()
                .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
                .addLibraries(CelExtensions.strings())
                .addVar("self", SimpleType.DYN)
                .addVar("oldSelf", SimpleType.DYN)
                .addFunctionDeclarations(
                        function("isQuantity", false, SimpleType.BOOL, 1),
                        function("quantity", false, SimpleType.STRING, 1),
                        function("isGreaterThan", true, SimpleType.BOOL, 2),
                        function("isLessThan", true, SimpleType.BOOL, 2),
                        function("compareTo", true, SimpleType.INT, 2))
                .build();
        static final CelRuntime RUNTIME = CelRuntimeFactory.standardCelRuntimeBuilder()
                .addLibraries(CelExtensions.strings())
                .addFunctionBindings(
                        CelFunctionBinding.from(
                                "isQuantity_string",
                                String.class,
                                text -> parse(text).isPresent()),
                        CelFunctionBinding.from(
                                "quantity_string",
                                String.class,
                                text -> parse(text)
                                        .orElseThrow(() -> new IllegalArgumentException(NOT_A_SIZE))
                                        .toPlainString()),
                        CelFunctionBinding.from(
                                "isGreaterThan_string", String.class, String.class, (a, b) -> compare(a, b) > 0),
                        CelFunctionBinding.from(
                                "isLessThan_string", String.class, String.class, (a, b) -> compare(a, b) < 0),
                        CelFunctionBinding.from(
                                "compareTo_string", String.class, String.class, (a, b) -> (long) compare(a, b)))
                .build();

        /** To call anything of the class is enough. */
        static void load() {}
    }

    /** Begins to load what evaluates rules, beside whatever else starts. */
    static void warm() {
        Thread.ofPlatform().daemon().name("rules").start(Engine::load);
    }

    private static CelFunctionDecl function(String name, boolean member, CelType result, int parameters) {
        List<CelType> types = java.util.Collections.nCopies(parameters, (CelType) SimpleType.STRING);
        return CelFunctionDecl.newFunctionDeclaration(
                name,
                member
                        ? CelOverloadDecl.newMemberOverload(name + "_string", result, types)
                        : CelOverloadDecl.newGlobalOverload(name + "_string", result, types));
    }

    boolean holds(String rule, JsonNode self, Optional<JsonNode> oldSelf) {
        Map<String, Object> values = new HashMap<>();
        values.put("self", plain(self));
        oldSelf.ifPresent(old -> values.put("oldSelf", plain(old)));
        try {
            return Boolean.TRUE.equals(
                    programs.computeIfAbsent(rule, this::compile).eval(values));
        } catch (CelEvaluationException e) {
            throw new ApiError(422, "Invalid", "rule %s cannot be evaluated: %s".formatted(rule, e.getMessage()));
        }
    }

    private CelRuntime.Program compile(String rule) {
        try {
            return Engine.RUNTIME.createProgram(Engine.COMPILER.compile(rule).getAst());
        } catch (CelValidationException | CelEvaluationException e) {
            throw new IllegalArgumentException("rule %s: %s".formatted(rule, e.getMessage()), e);
        }
    }

    private static Object plain(JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> value.asText();
            case BOOLEAN -> value.asBoolean();
            case NUMBER -> value.isIntegralNumber() ? (Object) value.asLong() : (Object) value.asDouble();
            case OBJECT -> {
                Map<String, Object> map = new HashMap<>();
                // A field that is null is absent for has().
                value.fields().forEachRemaining(field -> {
                    if (!field.getValue().isNull()) {
                        map.put(field.getKey(), plain(field.getValue()));
                    }
                });
                yield map;
            }
            case ARRAY -> {
                List<Object> list = new java.util.ArrayList<>();
                value.forEach(item -> list.add(plain(item)));
                yield list;
            }
            default -> Store.JSON.convertValue(value, new TypeReference<Optional<Object>>() {});
        };
    }

    private static int compare(String one, String other) {
        return new BigDecimal(one).compareTo(new BigDecimal(other));
    }

    /** A quantity as Kubernetes writes it: a decimal number with a unit such as m, k, Mi, Gi, or an exponent. */
    static Optional<BigDecimal> parse(String text) {
        if (!text.matches("[+-]?(\\d+(\\.\\d*)?|\\.\\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\\d{1,3})?")) {
            return Optional.empty();
        }
        return Optional.of(io.fabric8.kubernetes.api.model.Quantity.getAmountInBytes(
                io.fabric8.kubernetes.api.model.Quantity.parse(text)));
    }
}
