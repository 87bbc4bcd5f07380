package io.matriarch.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** The API reference in the repository is the one that the types say. */
class ApiReferenceTest {
    @Test
    void theReferenceIsWhatTheTypesSay() throws Exception {
        String wanted = ApiReference.of(CrdDocument.generate());
        if (Boolean.getBoolean("crds.write")) {
            Files.writeString(ApiReference.FILE, wanted);
        }
        assertThat(Files.readString(ApiReference.FILE))
                .as("%s; write it with -Dcrds.write=true", ApiReference.FILE)
                .isEqualTo(wanted);
    }
}
