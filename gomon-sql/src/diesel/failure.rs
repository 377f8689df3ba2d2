//! Diesel's errors, as events tell them. It hands on no code: `type` says which kind of error it was.

use std::error::Error as _;

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, Error};
use gomon_core::{Outcome, mask};

use crate::failure::{Failure, Values};

/// The error of a query.
pub(super) fn of_query(error: &Error) -> Failure<'_> {
    let Error::DatabaseError(kind, info) = error else {
        return failure(error.to_string(), variant(error), Values::Quoted);
    };
    Failure {
        constraint: info.constraint_name(),
        ..failure(info.message().to_owned(), kind_name(*kind), values(*kind))
    }
}

/// The error of an attempt to connect, without the password of the URL.
pub(super) fn of_connection(error: &ConnectionError, url: &str) -> Failure<'static> {
    let (kind, message) = match error {
        ConnectionError::InvalidCString(_) => ("InvalidCString", error.to_string()),
        ConnectionError::BadConnection(_) => ("BadConnection", error.to_string()),
        ConnectionError::InvalidConnectionUrl(_) => ("InvalidConnectionUrl", error.to_string()),
        ConnectionError::CouldntSetupConfiguration(_) => {
            let source = error.source().map(ToString::to_string);
            (
                "CouldntSetupConfiguration",
                source.unwrap_or_else(|| error.to_string()),
            )
        }
        _ => ("ConnectionError", error.to_string()),
    };
    let message = match url {
        "" => message,
        url => message.replace(url, &mask::dsn(url)),
    };
    failure(message, kind, Values::Quoted)
}

fn failure<'a>(message: String, kind: &'static str, values: Values) -> Failure<'a> {
    Failure {
        message: message.into(),
        values,
        kind,
        code: None,
        constraint: None,
        caller: None,
        outcome: Outcome::Failed,
    }
}

/// In a violation the double quotes of PostgreSQL are those of names. Other engines have none there.
fn values(kind: DatabaseErrorKind) -> Values {
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => Values::BesideNames,
        _ => Values::Quoted,
    }
}

fn kind_name(kind: DatabaseErrorKind) -> &'static str {
    match kind {
        DatabaseErrorKind::UniqueViolation => "UniqueViolation",
        DatabaseErrorKind::ForeignKeyViolation => "ForeignKeyViolation",
        DatabaseErrorKind::UnableToSendCommand => "UnableToSendCommand",
        DatabaseErrorKind::SerializationFailure => "SerializationFailure",
        DatabaseErrorKind::ReadOnlyTransaction => "ReadOnlyTransaction",
        DatabaseErrorKind::RestrictViolation => "RestrictViolation",
        DatabaseErrorKind::NotNullViolation => "NotNullViolation",
        DatabaseErrorKind::CheckViolation => "CheckViolation",
        DatabaseErrorKind::ExclusionViolation => "ExclusionViolation",
        DatabaseErrorKind::ClosedConnection => "ClosedConnection",
        _ => "Database",
    }
}

fn variant(error: &Error) -> &'static str {
    match error {
        Error::InvalidCString(_) => "InvalidCString",
        Error::NotFound => "NotFound",
        Error::QueryBuilderError(_) => "QueryBuilderError",
        Error::DeserializationError(_) => "DeserializationError",
        Error::SerializationError(_) => "SerializationError",
        Error::RollbackErrorOnCommit { .. } => "RollbackErrorOnCommit",
        Error::RollbackTransaction => "RollbackTransaction",
        Error::AlreadyInTransaction => "AlreadyInTransaction",
        Error::NotInTransaction => "NotInTransaction",
        Error::BrokenTransactionManager => "BrokenTransactionManager",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use diesel::ConnectionError;
    use diesel::result::{DatabaseErrorKind, Error};

    use super::{of_connection, of_query};
    use crate::failure::Values;

    #[test]
    fn the_password_of_a_url_is_in_no_message() {
        let url = "mysql://joe:hunter2@db/shop";
        let error = ConnectionError::InvalidConnectionUrl(format!("{url} is none"));
        let failure = of_connection(&error, url);
        assert!(!failure.message.contains("hunter2"), "{failure:?}");
        assert_eq!(failure.kind, "InvalidConnectionUrl");
    }

    #[test]
    fn double_quotes_hold_names_where_a_constraint_is_violated() {
        let error = |kind| Error::DatabaseError(kind, Box::new("no".to_owned()));
        let violated = error(DatabaseErrorKind::UniqueViolation);
        assert_eq!(of_query(&violated).values, Values::BesideNames);
        let unknown = error(DatabaseErrorKind::UnableToSendCommand);
        assert_eq!(of_query(&unknown).values, Values::Quoted);
        assert_eq!(of_query(&unknown).kind, "UnableToSendCommand");
    }
}
