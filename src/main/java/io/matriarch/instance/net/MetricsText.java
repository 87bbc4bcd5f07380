package io.matriarch.instance.net;

import io.matriarch.instance.postgres.Statistics.Sample;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Samples in Prometheus' text format. */
public final class MetricsText {
    private MetricsText() {}

    public static byte[] of(List<Sample> samples) {
        Map<String, List<Sample>> metrics = new LinkedHashMap<>();
        for (Sample sample : samples) {
            metrics.computeIfAbsent(sample.name(), name -> new ArrayList<>()).add(sample);
        }
        List<MetricSnapshot> snapshots = new ArrayList<>();
        metrics.forEach((name, values) -> snapshots.add(snapshot(name, values)));
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            PrometheusTextFormatWriter.builder().build().write(out, new MetricSnapshots(snapshots));
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static MetricSnapshot snapshot(String name, List<Sample> values) {
        String help = values.getFirst().help();
        if (values.getFirst().counter()) {
            CounterSnapshot.Builder counter = CounterSnapshot.builder()
                    .name(name.replaceFirst("_total$", ""))
                    .help(help);
            values.forEach(value -> counter.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                    .labels(labels(value))
                    .value(value.value())
                    .build()));
            return counter.build();
        }
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        values.forEach(value -> gauge.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                .labels(labels(value))
                .value(value.value())
                .build()));
        return gauge.build();
    }

    private static Labels labels(Sample sample) {
        return Labels.of(
                sample.labels().keySet().toArray(String[]::new),
                sample.labels().values().toArray(String[]::new));
    }
}
