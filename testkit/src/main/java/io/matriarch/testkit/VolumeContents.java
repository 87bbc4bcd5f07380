package io.matriarch.testkit;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.io.IOException;

/** What is on the volumes behind claims, for those who copy it: folders where nodes run processes; without nodes there is nothing on them. */
public interface VolumeContents {
    /** No volume has anything on it. */
    VolumeContents NOTHING = new VolumeContents() {
        @Override
        public void snapshot(PersistentVolumeClaim claim, String handle) {}

        @Override
        public void restore(String handle, PersistentVolumeClaim claim) {}

        @Override
        public void remove(String handle) {}
    };

    /** Keeps what a claim's volume holds at one instant, under a name of its own; all of it, or nothing. */
    void snapshot(PersistentVolumeClaim claim, String handle) throws IOException;

    /** Makes a claim's new volume with what was kept. Nothing uses that volume before; after a failure it may be done again. */
    void restore(String handle, PersistentVolumeClaim claim) throws IOException;

    /** Removes what was kept; it may be gone already. */
    void remove(String handle) throws IOException;
}
