package io.matriarch.instance.net;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trusts every certificate of the cluster's own authority, whose certificate it reads anew when the mounted one was replaced. It accepts any
 * server name: members are called by the addresses of their pods, which change, and no other cluster has this authority.
 */
final class RenewedTrust extends X509ExtendedTrustManager {
    private static final Logger LOG = LoggerFactory.getLogger(RenewedTrust.class);

    private final Path file;
    private FileTime read;
    private X509TrustManager authority;

    /** @param folder of the mounted Secret, with {@code ca.crt} */
    RenewedTrust(Path folder) throws IOException {
        this.file = folder.resolve("ca.crt");
        this.read = Files.getLastModifiedTime(file);
        this.authority = Tls.trust(file);
    }

    private synchronized X509TrustManager current() {
        try {
            FileTime now = Files.getLastModifiedTime(file);
            if (!now.equals(read)) {
                authority = Tls.trust(file);
                read = now;
            }
        } catch (IOException e) {
            LOG.warn("keeping the former authority: {}", e.getMessage());
        }
        return authority;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        current().checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        current().checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        current().checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        current().checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        current().checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        current().checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return current().getAcceptedIssuers();
    }
}
