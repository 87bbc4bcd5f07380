package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.ClusterLease;
import io.matriarch.instance.facts.Promise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromiseFileTest {
    @TempDir
    Path state = Path.of("");

    @Test
    void aPromiseOutlivesTheAgentAndNeverFalls() throws IOException {
        new PromiseFile(state).change(promise -> promise.voted(7, "100"));
        PromiseFile next = new PromiseFile(state);
        next.change(promise -> promise.accepted(5));
        next.remember(ClusterLease.vacant());
        assertThat(new PromiseFile(state).read()).isEqualTo(new Promise(7, "100", null, ClusterLease.vacant()));
    }

    @Test
    void aNewDiskHasPromisedNothing() throws IOException {
        assertThat(new PromiseFile(state).read()).isEqualTo(Promise.NONE);
    }

    @Test
    void aFileThatCannotBeReadIsNotTakenForNoPromise() throws IOException {
        Files.writeString(state.resolve("promise.json"), "{\"epoch\":");
        assertThatThrownBy(() -> new PromiseFile(state).read()).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> new PromiseFile(state).change(promise -> promise.accepted(1)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void whatCannotBeWrittenIsNotPromised() {
        PromiseFile file = new PromiseFile(state.resolve("nowhere"));
        assertThatThrownBy(() -> file.change(promise -> promise.voted(3, "1"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> file.change(promise -> promise.voted(3, "1"))).isInstanceOf(IOException.class);
    }
}
