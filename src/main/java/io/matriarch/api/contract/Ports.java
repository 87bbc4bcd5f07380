package io.matriarch.api.contract;

/** Ports of a pod. */
public final class Ports {
    public static final int POSTGRES = 5432;

    /** Port of the agent's HTTPS: {@code /status}, {@code /startup}, {@code /live}, {@code /ready}, {@code /metrics}. */
    public static final int AGENT = 8443;

    private Ports() {}
}
