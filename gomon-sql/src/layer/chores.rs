//! Statements that sqlx runs for itself.

/// What sqlx runs on its own account, which says nothing about the program: the settings of a new connection and of one that is
/// closed, what it keeps about migrations, and the end of a listener's subscriptions.
///
/// They are known by their text, as `SqliteConnectOptions` and `MySqlConnectOptions` of sqlx 0.9 write it.
pub(super) fn is_chore(sql: &str) -> bool {
    sql.trim().is_empty()
        || sql == "UNLISTEN *"
        || sql.contains("_sqlx_migrations")
        || is_settings_of_sqlite(sql)
        || is_settings_of_mysql(sql)
}

/// `PRAGMA foreign_keys = ON; `, each with a blank behind it; `PRAGMA optimize;` at the end.
fn is_settings_of_sqlite(sql: &str) -> bool {
    let settings = sql.strip_suffix("PRAGMA optimize;").unwrap_or(sql);
    let Some(settings) = settings.strip_suffix("; ") else {
        return settings.is_empty();
    };
    settings.split("; ").all(|setting| {
        setting.starts_with("PRAGMA ") && setting.contains(" = ") && !setting.contains(';')
    })
}

/// `SET sql_mode=(SELECT CONCAT(@@sql_mode, ',…')),time_zone='+00:00',NAMES utf8mb4;`, of which the first may be missing.
fn is_settings_of_mysql(sql: &str) -> bool {
    const FIRST: [&str; 3] = [
        "SET sql_mode=(SELECT CONCAT(@@sql_mode, ',",
        "SET time_zone='",
        "SET NAMES ",
    ];
    sql.ends_with(';') && FIRST.into_iter().any(|first| sql.starts_with(first))
}

#[cfg(test)]
mod tests {
    use super::is_chore;

    #[test]
    fn what_sqlx_runs_for_itself_is_told_from_what_the_program_runs() {
        for chore in [
            "",
            "UNLISTEN *",
            "PRAGMA foreign_keys = ON; ",
            "PRAGMA key = 'it''s'; PRAGMA foreign_keys = ON; ",
            "PRAGMA optimize;",
            "PRAGMA analysis_limit = 400; PRAGMA optimize;",
            "SELECT version FROM _sqlx_migrations WHERE success = false ORDER BY version LIMIT 1",
            "SET sql_mode=(SELECT CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')),time_zone='+00:00',NAMES utf8mb4;",
            "SET time_zone='+00:00',NAMES utf8mb4;",
        ] {
            assert!(is_chore(chore), "{chore}");
        }
        for own in [
            "PRAGMA foreign_keys = ON",
            "PRAGMA foreign_keys = ON;",
            "PRAGMA foreign_keys = ON; DELETE FROM t; ",
            "PRAGMA table_info(t)",
            "LISTEN \"a\"",
            "SET time_zone='+00:00'",
            "SET x = 1;",
        ] {
            assert!(!is_chore(own), "{own}");
        }
    }
}
