package io.matriarch.instance.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.matriarch.api.contract.ClusterLease;
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
        new PromiseFile(state).promise(7);
        PromiseFile next = new PromiseFile(state);
        next.promise(5);
        next.remember(ClusterLease.vacant());
        assertThat(new PromiseFile(state).read()).isEqualTo(new PromiseFile.Promise(7, ClusterLease.vacant()));
    }

    @Test
    void aNewDiskHasPromisedNothing() throws IOException {
        assertThat(new PromiseFile(state).read()).isEqualTo(new PromiseFile.Promise(0, null));
    }

    @Test
    void aFileThatCannotBeReadIsNotTakenForNoPromise() throws IOException {
        Files.writeString(state.resolve("promise.json"), "{\"epoch\":");
        assertThatThrownBy(() -> new PromiseFile(state).read()).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> new PromiseFile(state).promise(1)).isInstanceOf(IOException.class);
    }

    @Test
    void whatCannotBeWrittenIsNotPromised() {
        PromiseFile file = new PromiseFile(state.resolve("nowhere"));
        assertThatThrownBy(() -> file.promise(3)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> file.promise(3)).isInstanceOf(IOException.class);
    }
}
