package io.matriarch.instance.json;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;

/**
 * Converts records to JSON and back: unknown fields are ignored; absent fields are null, zero or false; null fields are not written. The operator
 * binds the same records with Jackson's own data binding; a test verifies that each side reads what the other wrote.
 */
public final class Json {
    private Json() {}

    /**
     * Reads a record.
     *
     * @throws IOException if the text is not JSON or does not fit the record
     */
    public static <T> T read(String text, Class<T> type) throws IOException {
        return JSON.std.beanFrom(type, text);
    }

    /** See {@link #read(String, Class)}; from UTF-8. */
    public static <T> T read(byte[] text, Class<T> type) throws IOException {
        return JSON.std.beanFrom(type, text);
    }

    /** Reads any JSON value. */
    public static Node tree(byte[] text) throws IOException {
        return new Node(JSON.std.anyFrom(text));
    }

    /** Reads any JSON value. */
    public static Node tree(String text) throws IOException {
        return new Node(JSON.std.anyFrom(text));
    }

    /** A record, map or list as JSON. */
    public static String text(Object value) throws IOException {
        return JSON.std.asString(value);
    }

    /** See {@link #text}; in UTF-8. */
    public static byte[] bytes(Object value) throws IOException {
        return JSON.std.asBytes(value);
    }
}
