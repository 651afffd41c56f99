//! The control of the row `silence`: what an ordinary service would keep between itself and PostgreSQL.

use std::net::SocketAddr;
use std::time::Duration;

use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::timeout;

use super::{Store, StoreError, failed};

/// How long a question may take, as in our own defaults.
const DEADLINE: Duration = Duration::from_millis(1500);

/// sqlx's pool as it is set up where three round trips a question are too many.
pub(crate) struct StockPool(PgPool);

impl StockPool {
    /// Connected to `database` by way of `proxy`.
    pub(crate) async fn connect(
        store: &Store,
        database: &str,
        proxy: SocketAddr,
    ) -> Result<Self, StoreError> {
        let options = store.options(database).host(&proxy.ip().to_string()).port(proxy.port());
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(DEADLINE)
            .connect_with(options)
            .await
            .map_err(failed("no connection to our own server"))?;
        Ok(Self(pool))
    }

    /// Whether it tells an order's version in time.
    pub(crate) async fn tells(&self, order_id: i64) -> bool {
        let query = sqlx::query_scalar::<_, i64>("SELECT version FROM atelier.orders WHERE order_id = $1");
        matches!(timeout(DEADLINE, query.bind(order_id).fetch_one(&self.0)).await, Ok(Ok(_)))
    }
}
