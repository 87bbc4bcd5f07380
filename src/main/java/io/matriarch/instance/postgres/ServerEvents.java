package io.matriarch.instance.postgres;

/** Receives what happens to the server, at once and from any thread; its methods must return quickly. */
public interface ServerEvents {
    /** Ignores all events. */
    ServerEvents NONE = new ServerEvents() {
        @Override
        public void ended() {}

        @Override
        public void receiverEnded() {}
    };

    /** The postmaster has ended. */
    void ended();

    /** The WAL receiver lost its primary. */
    void receiverEnded();
}
