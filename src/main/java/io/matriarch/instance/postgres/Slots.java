package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Lsn;
import io.matriarch.api.contract.MemberReport;
import io.matriarch.api.contract.MemberReport.SlotState;
import io.matriarch.api.contract.Names;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The members' physical replication slots on the primary: one for each other member, none for members that left. A slot whose WAL is gone
 * (max_slot_wal_keep_size) is created anew: its member clones itself over it.
 */
final class Slots {
    private static final Logger LOG = LoggerFactory.getLogger(Slots.class);

    /** Longer than a receiver waits before it reconnects. */
    private static final Duration ENDING = Duration.ofMillis(200);

    private static final Duration POLL = Duration.ofMillis(5);

    private final Sql sql;

    Slots(Sql sql) {
        this.sql = sql;
    }

    List<Integer> keep(List<Integer> ordinals) throws SQLException {
        List<Integer> present = new ArrayList<>();
        for (Slot slot : existing()) {
            if (ordinals.contains(slot.ordinal()) && !slot.lost()) {
                present.add(slot.ordinal());
                continue;
            }
            if (slot.lost()) {
                LOG.warn(
                        "making the slot {} anew: its WAL is gone. That member is cloned anew, unless it streams",
                        slot.name());
            }
            if (!drop(slot)) {
                present.add(slot.ordinal());
            }
        }
        for (int ordinal : ordinals) {
            if (!present.contains(ordinal)) {
                // reserves WAL from now on, so that a clone made over it has everything that it needs
                sql.query(
                        "SELECT pg_create_physical_replication_slot(?, true)",
                        row -> row.getString(1),
                        Names.slot(ordinal));
                present.add(ordinal);
            }
        }
        return present;
    }

    /** The position of each member's slot, by ordinal. */
    Map<Integer, Long> positions() throws SQLException {
        Map<Integer, Long> positions = new TreeMap<>();
        for (Slot slot : existing()) {
            if (slot.position() > 0) {
                positions.put(slot.ordinal(), slot.position());
            }
        }
        return positions;
    }

    /** On a replica: creates missing slots, drops the others, and releases WAL that the primary's slots have released. */
    void copy(Map<Integer, Long> positions) throws SQLException {
        keep(List.copyOf(positions.keySet()));
        for (Slot slot : existing()) {
            Long position = positions.get(slot.ordinal());
            if (position != null && position > slot.position() && slot.pid() == 0) {
                sql.query(
                        "SELECT end_lsn::text FROM pg_replication_slot_advance(?, least(?::pg_lsn, pg_last_wal_replay_lsn()))",
                        row -> row.getString(1),
                        slot.name(),
                        Lsn.text(position));
            }
        }
    }

    /**
     * On a replica: drops logical slots that no consumer can advance to where the primary is. Each would keep WAL here for ever, and its
     * catalog_xmin would go to the primary with hot_standby_feedback and hold back vacuum there. On 17 and later, a failover slot from this
     * member's time as primary would also prevent the primary's slot of that name from being synchronized here.
     *
     * @param led whether this data was a primary's until now: then all slots are its own. Otherwise only those are dropped that no standby can
     *     have created: any on 14 and 15, failover slots that are not synchronized on 17 and later
     * @return the names of those that no other member has: the primary may have a failover slot of 17 and later
     */
    List<String> dropLeft(boolean led) throws SQLException {
        int major = sql.one("SELECT current_setting('server_version_num')::int / 10000", row -> row.getInt(1));
        String left = "slot_type = 'logical' AND NOT temporary AND active_pid IS NULL AND pg_is_in_recovery()";
        if (major >= 17) {
            left += led ? " AND NOT synced" : " AND failover AND NOT synced";
        } else if (major == 16 && !led) {
            return List.of();
        }
        String local = major >= 17 ? "NOT failover" : "true";
        List<String> lost = new ArrayList<>();
        for (Left slot : sql.query(
                "SELECT slot_name, %s FROM pg_replication_slots WHERE %s ORDER BY 1".formatted(local, left),
                row -> new Left(row.getString(1), row.getBoolean(2)))) {
            LOG.warn(
                    "dropping the logical slot {}: it was made while this member was the primary, and no consumer can advance it here",
                    slot.name());
            sql.query("SELECT pg_drop_replication_slot(?)", row -> row.getString(1), slot.name());
            if (slot.local()) {
                lost.add(slot.name());
            }
        }
        return lost;
    }

    private record Left(String name, boolean local) {}

    /** On a primary: the first ten of the users' slots that no consumer can read any more, or that no consumer reads while they keep much WAL. */
    List<MemberReport.Slot> troubled() throws SQLException {
        return sql.query(
                "SELECT slot_name, wal_status = 'lost' FROM pg_replication_slots WHERE slot_name !~ '^m_[0-9]+$' AND NOT temporary AND (wal_status = 'lost' OR NOT active AND wal_status IN ('extended', 'unreserved')) ORDER BY 1 LIMIT 10",
                row -> new MemberReport.Slot(
                        row.getString(1), row.getBoolean(2) ? SlotState.Lost : SlotState.HoldsWal));
    }

    private record Slot(int ordinal, String name, int pid, boolean lost, long position) {}

    private List<Slot> existing() throws SQLException {
        return sql.query(
                "SELECT slot_name, coalesce(active_pid, 0), coalesce(wal_status = 'lost', false), coalesce(restart_lsn, '0/0')::text FROM pg_replication_slots WHERE slot_type = 'physical' AND slot_name ~ '^m_[0-9]+$'",
                row -> new Slot(
                        Integer.parseInt(row.getString(1).substring(2)),
                        row.getString(1),
                        row.getInt(2),
                        row.getBoolean(3),
                        Lsn.parse(row.getString(4))));
    }

    private static void pause() throws SQLException {
        try {
            Pause.of(POLL, "a walsender ended");
        } catch (PostgresException e) {
            throw new SQLException(e.getMessage(), e);
        }
    }

    /** Drops a slot; false while its walsender is still ending. */
    private boolean drop(Slot slot) throws SQLException {
        if (slot.pid() != 0) {
            sql.query("SELECT pg_terminate_backend(?)", row -> row.getBoolean(1), slot.pid());
            // Its receiver reconnects in a moment, even to a lost slot: 16 and 17 stream on it.
            long end = System.nanoTime() + ENDING.toNanos();
            while (sql.one(
                    "SELECT count(*) FROM pg_replication_slots WHERE slot_name = ? AND active_pid IS NOT NULL",
                    row -> row.getInt(1) > 0,
                    slot.name())) {
                if (System.nanoTime() > end) {
                    return false;
                }
                pause();
            }
        }
        sql.query("SELECT pg_drop_replication_slot(?)", row -> row.getString(1), slot.name());
        return true;
    }
}
