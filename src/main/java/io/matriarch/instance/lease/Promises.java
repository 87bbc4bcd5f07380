package io.matriarch.instance.lease;

import io.matriarch.instance.facts.Promise;
import io.matriarch.instance.ha.Memory;
import io.matriarch.instance.ha.Voter.Verdict;
import io.matriarch.instance.postgres.PromiseFile;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What this member's disk promises. Judging a request, writing the promise and telling the memory are one step, so that no other request is judged
 * in between (docs/contract.md, "Requests of peers").
 */
public final class Promises {
    private final PromiseFile file;
    private final Memory memory;

    public Promises(PromiseFile file, Memory memory) {
        this.file = file;
        this.memory = memory;
    }

    /** Changes what is promised; when this returns, the change is on the disk and known. */
    public synchronized void change(UnaryOperator<Promise> change) throws IOException {
        file.change(change);
        memory.promised(file.read());
    }

    /**
     * Judges a request, and writes what was granted.
     *
     * @param kept called with a grant once it is on the disk, before any other request is judged
     */
    public synchronized Verdict settle(Supplier<Verdict> judge, Consumer<Verdict.Grant> kept) throws IOException {
        Verdict verdict = judge.get();
        if (verdict instanceof Verdict.Grant grant) {
            change(former -> grant.promise());
            kept.accept(grant);
        }
        return verdict;
    }
}
