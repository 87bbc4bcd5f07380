package io.matriarch.instance.postgres;

import io.matriarch.api.contract.Names;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

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

    private record Slot(int ordinal, String name, int pid, boolean lost) {}

    private List<Slot> existing() throws SQLException {
        return sql.query(
                "SELECT slot_name, coalesce(active_pid, 0), coalesce(wal_status = 'lost', false) FROM pg_replication_slots WHERE slot_type = 'physical' AND slot_name ~ '^m_[0-9]+$'",
                row -> new Slot(
                        Integer.parseInt(row.getString(1).substring(2)),
                        row.getString(1),
                        row.getInt(2),
                        row.getBoolean(3)));
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
