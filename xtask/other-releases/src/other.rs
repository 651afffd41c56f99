//! A service of ours, built as if `SCHEMA` were the newest that it knows.

use std::marker::PhantomData;

use axum::Router;
use service_kit::database::{Build, Rights};
use service_kit::doctor::Finding;
use service_kit::service::{Parts, Service, ServiceConfig};
use tokio_util::sync::CancellationToken;

pub(crate) struct Other<S, const SCHEMA: i64>(PhantomData<S>);

impl<S: Service, const SCHEMA: i64> Service for Other<S, SCHEMA> {
    const NAME: &'static str = S::NAME;
    const BUILD: Build = Build {
        service: S::NAME,
        schema: SCHEMA,
        requires: if S::BUILD.requires < SCHEMA { S::BUILD.requires } else { SCHEMA },
    };
    const RIGHTS: Rights = S::RIGHTS;
    type Config = S::Config;
    type Error = S::Error;

    fn base(config: &Self::Config) -> &ServiceConfig {
        S::base(config)
    }

    fn background(
        config: &Self::Config,
        parts: &Parts,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        S::background(config, parts, stop)
    }

    fn examine(config: &Self::Config) -> impl Future<Output = Vec<Finding>> + Send {
        S::examine(config)
    }

    fn routes(config: &Self::Config, parts: Parts) -> Result<Router, Self::Error> {
        S::routes(config, parts)
    }
}
