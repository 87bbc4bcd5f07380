package io.matriarch.render;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Remembers the results of pure but costly questions, the most recently asked ones. Of a question it keeps only a hash, so that it holds no
 * secrets.
 */
final class Memo<V> {
    private final Map<String, V> answers;

    /** @param size how many answers it keeps */
    Memo(int size) {
        this.answers = new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > size;
            }
        };
    }

    /** The answer to a question that has several parts: remembered, or found now. */
    V of(List<String> question, Supplier<V> answer) {
        String key = hash(question);
        synchronized (answers) {
            V known = answers.get(key);
            if (known != null) {
                return known;
            }
        }
        V found = answer.get();
        synchronized (answers) {
            answers.put(key, found);
        }
        return found;
    }

    private static String hash(List<String> question) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : question) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(
                        ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
