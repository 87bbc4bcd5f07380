package io.matriarch.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes out is judged by the JDK, which had no part in making it. */
class CertificatesTest {
    private static final Instant NOW = Instant.parse("2026-11-01T12:00:00Z");
    private static final String CLIENT = "1.3.6.1.5.5.7.3.2";
    private static final String SERVER = "1.3.6.1.5.5.7.3.1";

    private final Rendering rendering = Clusters.rendering("minimal");
    private final Certificates certificates = at(NOW);
    private final Certificates.Pair authority = certificates.authority(rendering);

    @Test
    void authorityLastsTenYearsAndSignsOnly() throws GeneralSecurityException {
        X509Certificate certificate = x509(authority);
        assertThat(Duration.between(NOW, certificate.getNotAfter().toInstant())).isEqualTo(Duration.ofDays(3650));
        assertThat(certificate.getBasicConstraints()).isZero();
        assertThat(certificate.getKeyUsage()).startsWith(false, false, false, false, false, true, true);
        assertThat(certificate.getPublicKey().getAlgorithm()).isEqualTo("EC");
        certificate.verify(certificate.getPublicKey());
    }

    @Test
    void anAuthorityThatCannotSignSaysWhy() {
        Certificates.Pair other = certificates.authority(rendering);
        assertThat(Certificates.fault(authority)).isEmpty();
        assertThat(Certificates.fault(new Certificates.Pair(authority.certificate(), "")))
                .contains("tls.key is missing");
        assertThat(Certificates.fault(new Certificates.Pair("", authority.key())))
                .contains("tls.crt is missing");
        assertThat(Certificates.fault(new Certificates.Pair(authority.certificate(), other.key())))
                .contains("tls.key is not the key of the certificate in tls.crt");
        assertThat(Certificates.fault(new Certificates.Pair(authority.certificate(), "banana")))
                .hasValueSatisfying(why -> assertThat(why).contains("cannot be read"));
    }

    /** A Secret may hold anything: it is told of, or made anew, and never ends a pass. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "banana",
                "\0\ufffd",
                "-----BEGIN PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
                "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
                "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"
            })
    void whateverAnAuthoritysSecretHoldsIsTold(String content) {
        assertThat(Certificates.fault(new Certificates.Pair(authority.certificate(), content)))
                .hasValueSatisfying(why -> assertThat(why).contains("cannot be read"));
        assertThat(Certificates.fault(new Certificates.Pair(content, authority.key())))
                .hasValueSatisfying(why -> assertThat(why).contains("cannot be read"));
        assertThat(certificates.due(content)).isTrue();
        assertThat(certificates.due(content, content)).isTrue();
    }

    @Test
    void serverCertificateHasEveryNameThatAMemberIsReachedBy() throws GeneralSecurityException {
        X509Certificate certificate = x509(certificates.server(rendering, authority));
        List<String> names = certificate.getSubjectAlternativeNames().stream()
                .map(name -> String.valueOf(name.get(1)))
                .toList();
        assertThat(names)
                .contains(
                        "orders-rw",
                        "orders-rw.shop",
                        "orders-rw.shop.svc",
                        "orders-rw.shop.svc.cluster.local",
                        "orders-ro.shop.svc",
                        "orders-r.shop.svc",
                        "*.orders-pods.shop.svc",
                        "*.orders-pods.shop.svc.cluster.local",
                        "localhost",
                        "127.0.0.1")
                .doesNotHaveDuplicates();
        assertThat(certificate.getExtendedKeyUsage()).containsExactlyInAnyOrder(SERVER, CLIENT);
        assertTrusted(certificate, x509(authority), NOW);
    }

    @Test
    void replicationCertificateNamesTheRole() throws GeneralSecurityException {
        X509Certificate certificate = x509(certificates.replication(authority));
        assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=matriarch_replication");
        assertThat(certificate.getExtendedKeyUsage()).containsExactly(CLIENT);
        assertTrusted(certificate, x509(authority), NOW);
    }

    @Test
    void keysBelongToTheirCertificates() throws GeneralSecurityException {
        for (Certificates.Pair pair :
                List.of(authority, certificates.server(rendering, authority), certificates.replication(authority))) {
            byte[] encoded = Base64.getMimeDecoder().decode(pair.key().replaceAll("-----[A-Z ]+-----", ""));
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded)));
            signature.update(new byte[] {1});
            byte[] signed = signature.sign();
            signature.initVerify(x509(pair).getPublicKey());
            signature.update(new byte[] {1});
            assertThat(signature.verify(signed)).isTrue();
        }
    }

    @Test
    void certificateIsDueWhenAThirdOfItsLifeIsLeft() throws GeneralSecurityException {
        Certificates.Pair server = certificates.server(rendering, authority);
        X509Certificate certificate = x509(server);
        Instant from = certificate.getNotBefore().toInstant();
        Instant until = certificate.getNotAfter().toInstant();
        Instant due = until.minus(Duration.between(from, until).dividedBy(3));
        assertThat(at(NOW).due(server.certificate())).isFalse();
        assertThat(at(due.minusSeconds(1)).due(server.certificate())).isFalse();
        assertThat(at(due).due(server.certificate())).isTrue();
        assertThat(at(until.plusSeconds(1)).due(server.certificate())).isTrue();
    }

    @Test
    void whatIsNoCertificateIsDue() {
        assertThat(certificates.due("")).isTrue();
        assertThat(certificates.due("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
                .isTrue();
        assertThat(certificates.due(authority.key())).isTrue();
    }

    @Test
    void certificateOfALostAuthorityIsDue() {
        Certificates.Pair server = certificates.server(rendering, authority);
        assertThat(certificates.due(server.certificate(), authority.certificate()))
                .isFalse();
        Certificates.Pair another = certificates.authority(rendering);
        assertThat(certificates.due(server.certificate(), another.certificate()))
                .isTrue();
        assertThat(certificates.due(server.certificate(), "lost")).isTrue();
    }

    /** Peers get the new certificate at different moments: each combination of old and new must hold. */
    @Test
    void renewedAuthorityStandsForWhatTheOldOneSignedAndTheOtherWayRound() throws GeneralSecurityException {
        Instant later = NOW.plus(Duration.ofDays(3000));
        Certificates.Pair old = at(later).server(rendering, authority);
        Certificates.Pair renewed = at(later).renewed(authority);
        Certificates.Pair fresh = at(later).server(rendering, renewed);
        assertThat(Duration.between(later, x509(renewed).getNotAfter().toInstant()))
                .isEqualTo(Duration.ofDays(3650));
        for (Certificates.Pair leaf : List.of(old, fresh)) {
            for (Certificates.Pair anchor : List.of(authority, renewed)) {
                assertTrusted(x509(leaf), x509(anchor), later);
                assertThat(at(later).due(leaf.certificate(), anchor.certificate()))
                        .isFalse();
            }
        }
    }

    @Test
    void brokenAuthorityIsSaidToBeBroken() {
        assertThatThrownBy(() -> certificates.server(rendering, new Certificates.Pair("", "")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("authority");
    }

    private static Certificates at(Instant now) {
        return new Certificates(now, new SecureRandom());
    }

    private static X509Certificate x509(Certificates.Pair pair) throws GeneralSecurityException {
        return (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pair.certificate().getBytes(StandardCharsets.US_ASCII)));
    }

    private static void assertTrusted(X509Certificate leaf, X509Certificate authority, Instant when)
            throws GeneralSecurityException {
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(authority, null)));
        parameters.setRevocationEnabled(false);
        parameters.setDate(Date.from(when));
        CertPathValidator.getInstance("PKIX")
                .validate(CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf)), parameters);
    }
}
