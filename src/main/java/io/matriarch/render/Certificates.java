package io.matriarch.render;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertException;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * Certificates of one cluster: its own authority, the server's certificate with all its names, and the client certificate of the role that
 * replicates. ECDSA with P-256. The caller supplies time and randomness.
 */
public final class Certificates {
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);
    private static final Duration LEAF_LIFE = Duration.ofDays(365);
    private static final Duration SKEW = Duration.ofMinutes(10);
    private static final String DOMAIN = ".svc.cluster.local";
    private static final int SERIAL_BITS = 120;

    /** Every pass over every cluster checks the same few certificates again; a signature costs a millisecond. */
    private static final int KNOWN = 4096;

    private static final Memo<Optional<String>> FAULTS = new Memo<>(KNOWN);
    private static final Memo<Boolean> SIGNED = new Memo<>(KNOWN);

    private final Instant now;
    private final SecureRandom random;

    public Certificates(Instant now, SecureRandom random) {
        this.now = now;
        this.random = random;
    }

    /** A certificate and its key, in PEM; the key in PKCS #8. */
    public record Pair(String certificate, String key) {}

    /** A new authority. Whatever another authority signed is worthless under it. */
    public Pair authority(Rendering rendering) {
        X500Name name = new X500Name("CN=" + rendering.names().cluster() + " authority,O=" + rendering.namespace());
        return authority(name, keys());
    }

    /**
     * The same authority, valid for another ten years. Name and key stay the same, so that what it signed remains valid, whichever of its two
     * certificates a peer still has.
     */
    public Pair renewed(Pair authority) {
        try {
            X509CertificateHolder old = read(authority.certificate());
            PublicKey verifying = new JcaPEMKeyConverter().getPublicKey(old.getSubjectPublicKeyInfo());
            return authority(old.getSubject(), new KeyPair(verifying, key(authority.key())));
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private Pair authority(X500Name name, KeyPair keys) {
        try {
            X509v3CertificateBuilder builder = builder(name, name, keys, AUTHORITY_LIFE);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
            return sign(builder, keys, keys.getPrivate());
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("making a certificate needs nothing from outside", e);
        }
    }

    /** For PostgreSQL and the agents' HTTPS: contains every name by which a member or a Service is reached. */
    public Pair server(Rendering rendering, Pair authority) {
        var names = rendering.names();
        String namespace = rendering.namespace();
        Stream<String> services = Stream.of(
                        names.readWriteService(),
                        names.readOnlyService(),
                        names.anyService(),
                        names.podsService(),
                        "*." + names.podsService())
                .flatMap(service -> Stream.of("", "." + namespace, "." + namespace + ".svc", "." + namespace + DOMAIN)
                        .map(service::concat));
        Stream<GeneralName> alternatives = Stream.concat(
                Stream.concat(services, Stream.of("localhost")).map(name -> new GeneralName(GeneralName.dNSName, name)),
                Stream.of(new GeneralName(GeneralName.iPAddress, "127.0.0.1")));
        return leaf(
                names.readWriteService(),
                authority,
                new GeneralNames(alternatives.toArray(GeneralName[]::new)),
                KeyPurposeId.id_kp_serverAuth,
                KeyPurposeId.id_kp_clientAuth);
    }

    /** For connections between members: PostgreSQL takes the common name as the name of the role. */
    public Pair replication(Pair authority) {
        return leaf(
                "matriarch_replication",
                authority,
                new GeneralNames(new GeneralName(GeneralName.dNSName, "matriarch-replication")),
                KeyPurposeId.id_kp_clientAuth);
    }

    private Pair leaf(String commonName, Pair authority, GeneralNames names, KeyPurposeId... purposes) {
        KeyPair keys = keys();
        try {
            X509CertificateHolder issuer = read(authority.certificate());
            X509v3CertificateBuilder builder =
                    builder(issuer.getSubject(), new X500Name("CN=" + commonName), keys, LEAF_LIFE);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
            builder.addExtension(Extension.subjectAlternativeName, false, names);
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(issuer.getSubjectPublicKeyInfo()));
            return sign(builder, keys, key(authority.key()));
        } catch (IOException | GeneralSecurityException e) {
            throw unusable(e);
        }
    }

    private static IllegalStateException unusable(Exception e) {
        return new IllegalStateException(
                "the authority's certificate or key cannot be used (%s); put the former content of the Secret that holds them back"
                        .formatted(e.getMessage()),
                e);
    }

    /** Why an authority cannot sign, in words for the user; empty when it can. Accepts anything that a Secret may hold. */
    public static Optional<String> fault(Pair authority) {
        if (authority.certificate().isEmpty() || authority.key().isEmpty()) {
            return Optional.of((authority.certificate().isEmpty() ? "tls.crt" : "tls.key") + " is missing");
        }
        return FAULTS.of(List.of(authority.certificate(), authority.key()), () -> signingFault(authority));
    }

    private static Optional<String> signingFault(Pair authority) {
        try {
            X509CertificateHolder certificate = read(authority.certificate());
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(key(authority.key()));
            signature.update((byte) 0);
            byte[] signed = signature.sign();
            signature.initVerify(new JcaPEMKeyConverter().getPublicKey(certificate.getSubjectPublicKeyInfo()));
            signature.update((byte) 0);
            return signature.verify(signed)
                    ? Optional.empty()
                    : Optional.of("tls.key is not the key of the certificate in tls.crt");
        } catch (IOException | GeneralSecurityException e) {
            return Optional.of("tls.crt or tls.key cannot be read: " + e.getMessage());
        }
    }

    /**
     * Whether a certificate is {@linkplain #due(String) due}, or was not signed by this authority, because the authority's Secret was created
     * anew.
     */
    public boolean due(String certificate, String authority) {
        return due(certificate) || !SIGNED.of(List.of(certificate, authority), () -> signed(certificate, authority));
    }

    private static boolean signed(String certificate, String authority) {
        try {
            return read(certificate).isSignatureValid(new JcaContentVerifierProviderBuilder().build(read(authority)));
        } catch (IOException | GeneralSecurityException | OperatorCreationException | CertException e) {
            return false;
        }
    }

    /** Whether a certificate has a third of its life or less left, or cannot be read: then it is issued anew. */
    public boolean due(String certificate) {
        try {
            X509CertificateHolder holder = read(certificate);
            Instant from = holder.getNotBefore().toInstant();
            Instant until = holder.getNotAfter().toInstant();
            return !now.isBefore(until.minus(Duration.between(from, until).dividedBy(3)));
        } catch (IOException e) {
            return true;
        }
    }

    private X509v3CertificateBuilder builder(X500Name issuer, X500Name subject, KeyPair keys, Duration life) {
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(SERIAL_BITS, random),
                Date.from(now.minus(SKEW)),
                Date.from(now.plus(life)),
                subject,
                keys.getPublic());
    }

    private KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has P-256", e);
        }
    }

    private Pair sign(X509v3CertificateBuilder builder, KeyPair keys, PrivateKey signer)
            throws IOException, GeneralSecurityException {
        try {
            X509CertificateHolder certificate = builder.build(new JcaContentSignerBuilder("SHA256withECDSA")
                    .setSecureRandom(random)
                    .build(signer));
            return new Pair(pem(certificate), pem(new JcaPKCS8Generator(keys.getPrivate(), null)));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static String pem(Object object) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString();
    }

    private static X509CertificateHolder read(String pem) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            if (parser.readObject() instanceof X509CertificateHolder certificate) {
                return certificate;
            }
            throw new IOException("no certificate in PEM");
        }
    }

    private static PrivateKey key(String pem) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            if (parser.readObject() instanceof PrivateKeyInfo info) {
                return new JcaPEMKeyConverter().getPrivateKey(info);
            }
            throw new IOException("no PKCS #8 key in PEM");
        }
    }
}
