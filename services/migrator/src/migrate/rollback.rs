//! `check-rollback`: whether applications of an older schema would be served, asked before `helm rollback`. It changes nothing.

use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::bookkeeping;
use super::session::{self, CONNECT_DEADLINE};
use super::status::StatusError;

/// What a rollback would meet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Rollback {
    /// The schema that the older applications were built for.
    pub to_schema: i64,
    /// Highest applied expand.
    pub schema_version: i64,
    /// The lowest schema that an application must have been built for.
    pub min_app_schema: i64,
    /// Whether they would be served.
    pub is_served: bool,
    /// Why, in one sentence.
    pub sentence: String,
}

impl Rollback {
    fn judge(to_schema: i64, schema_version: i64, min_app_schema: i64) -> Self {
        let (is_served, sentence) = if to_schema < min_app_schema {
            let why = format!(
                "applications of schema {to_schema} would not be served: a contract took away what they need, or was about to, and the \
                 database asks for {min_app_schema} or newer; go forward instead"
            );
            (false, why)
        } else if to_schema > schema_version {
            let why = format!(
                "applications of schema {to_schema} would not be served: the schema is at {schema_version}; run the \
                 `migrator up` of their release first"
            );
            (false, why)
        } else {
            let why = format!(
                "applications of schema {to_schema} are served: the schema is at {schema_version}, and it takes {min_app_schema} \
                 or newer"
            );
            (true, why)
        };
        Self { to_schema, schema_version, min_app_schema, is_served, sentence }
    }
}

/// Asks the database.
pub async fn check_rollback(database: &PgConnectOptions, to_schema: i64) -> Result<Rollback, StatusError> {
    let memory = session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        bookkeeping::read(connection).await.map_err(StatusError::Read)
    });
    let memory = memory.await?.unwrap_or_default();
    Ok(Rollback::judge(to_schema, memory.schema_version(), i64::from(memory.meta.min_app_schema)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_the_lowest_and_the_schema_is_served() {
        let served = |to_schema| Rollback::judge(to_schema, 8, 6).is_served;
        assert_eq!([5, 6, 7, 8, 9].map(served), [false, true, true, true, false]);
    }
}
