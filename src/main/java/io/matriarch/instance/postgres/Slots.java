package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Names;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The members' physical replication slots on the primary: one for each other member, none for members that left. A slot whose WAL is gone
 * (max_slot_wal_keep_size) is made anew: its member clones itself over it.
 */
final class Slots {
    private final Sql sql;

    Slots(Sql sql) {
        this.sql = sql;
    }

    List<Integer> keep(List<Integer> ordinals) throws SQLException {
        List<Integer> present = new ArrayList<>();
        for (Slot slot : existing()) {
            if (ordinals.contains(slot.ordinal()) && !slot.lost()) {
                present.add(slot.ordinal());
            } else if (!drop(slot)) {
                present.add(slot.ordinal());
            }
        }
        for (int ordinal : ordinals) {
            if (!present.contains(ordinal)) {
                // reserves WAL from now on, so that a clone made over it has all it needs
                sql.query(
                        "SELECT pg_create_physical_replication_slot(?, true)",
                        row -> row.getString(1),
                        Names.slot(ordinal));
                present.add(ordinal);
            }
        }
        return present;
    }

    /** How far each member's slot is, by ordinal. */
    Map<Integer, Long> positions() throws SQLException {
        Map<Integer, Long> positions = new TreeMap<>();
        for (Slot slot : existing()) {
            if (slot.position() > 0) {
                positions.put(slot.ordinal(), slot.position());
            }
        }
        return positions;
    }

    /** On a replica: makes those that are missing, drops the others, and lets go of WAL that the primary's slots have let go of. */
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

    /** False while its walsender still ends. */
    private boolean drop(Slot slot) throws SQLException {
        if (slot.pid() != 0) {
            sql.query("SELECT pg_terminate_backend(?)", row -> row.getBoolean(1), slot.pid());
            return false;
        }
        sql.query("SELECT pg_drop_replication_slot(?)", row -> row.getString(1), slot.name());
        return true;
    }
}
