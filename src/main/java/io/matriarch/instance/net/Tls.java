package io.matriarch.instance.net;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** TLS from PEM files, as Kubernetes' Secrets hold them. */
public final class Tls {
    private static final char[] NO_PASSWORD = new char[0];

    private Tls() {}

    /** A client context that trusts only this authority. */
    public static SSLContext trusting(Path authority) throws IOException {
        return context(null, trust(authority));
    }

    /**
     * A context with the certificate in a mounted folder, which it reads anew when renewed. It trusts only the authority in that folder, and
     * accepts any name.
     */
    static SSLContext ofMember(Path folder) throws IOException {
        return context(new RenewedKeys(folder), new RenewedTrust(folder));
    }

    static X509TrustManager trust(Path authority) throws IOException {
        try {
            return (X509TrustManager) trust(Files.readString(authority))[0];
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the authority in " + authority + ": " + e.getMessage(), e);
        }
    }

    private static TrustManager[] trust(String authority) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, NO_PASSWORD);
        int number = 0;
        for (Certificate certificate : certificates(authority)) {
            trusted.setCertificateEntry("ca" + number++, certificate);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        return trust.getTrustManagers();
    }

    /** The key manager of the certificate in a folder: {@code tls.crt} and {@code tls.key}. */
    static X509ExtendedKeyManager keys(Path folder) throws IOException {
        try {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(null, NO_PASSWORD);
            own.setKeyEntry(
                    "own",
                    key(Files.readString(folder.resolve("tls.key"))),
                    NO_PASSWORD,
                    certificates(Files.readString(folder.resolve("tls.crt"))).toArray(new Certificate[0]));
            KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
            keys.init(own, NO_PASSWORD);
            return (X509ExtendedKeyManager) keys.getKeyManagers()[0];
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the certificate in " + folder + ": " + e.getMessage(), e);
        }
    }

    private static SSLContext context(@Nullable X509ExtendedKeyManager keys, X509TrustManager trust)
            throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys == null ? null : new KeyManager[] {keys}, new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use TLS: " + e.getMessage(), e);
        }
    }

    private static Collection<? extends Certificate> certificates(String pem) throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException {
        String base64 = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        return KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    }
}
