package io.matriarch.instance.postgres;

/** Told of what happens to the server, at once and from any thread; must return quickly. */
public interface ServerEvents {
    /** Nobody listens. */
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
