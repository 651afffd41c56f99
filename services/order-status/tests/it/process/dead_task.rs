//! A task that dies although it must live as long as the process: everything else stops in order, and the process does not call it a
//! success. No program that ships has such a fault, so the service is run here, with one task that ends when it is told to.

use std::convert::Infallible;
use std::future::pending;

use axum::Router;
use order_status::{Config, OrderStatus};
use service_kit::database::Rights;
use service_kit::http::RequestIds;
use service_kit::lifecycle::LifecycleError;
use service_kit::service::{Parts, Running, Service, ServiceConfig};
use testkit::{Role, TestDatabase, wait};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::foreign::Lock;
use crate::support::{Instance, PATIENCE, PATIENT, settings};

static DIES: Notify = Notify::const_new();

struct Mortal;

impl Service for Mortal {
    const NAME: &'static str = "mortal";
    const RIGHTS: Rights = &[];
    type Config = Config;
    type Error = Infallible;

    fn base(config: &Config) -> &ServiceConfig {
        OrderStatus::base(config)
    }

    fn background(_: &Config, _: &Parts, _: CancellationToken) -> impl Future<Output = ()> + Send + 'static {
        DIES.notified()
    }

    fn routes(config: &Config, parts: Parts) -> Result<Router, Infallible> {
        OrderStatus::routes(config, parts)
    }
}

#[tokio::test]
async fn when_a_task_dies_requests_in_flight_are_answered_and_the_end_is_no_success() {
    let database = TestDatabase::create().await.expect("a database");
    let more = [&PATIENT[..], &[("ATELIER_SHUTDOWN__DELAY_MS", "0")]].concat();
    let config = settings(&database.url(Role::Writer), &more);
    let running = Running::start::<Mortal>(&config, RequestIds::counting()).await.expect("a service");
    let instance = Instance::at(running.address, running.ops_address);
    let requests = async {
        instance.until_ready().await;
        let held = instance.order().await;
        let lock = Lock::order(&database, held).await;
        let dies = async {
            instance.until_active(1.0).await;
            DIES.notify_one();
            let refused = || async { TcpStream::connect(instance.address).await.is_err().then_some(()) };
            wait::until("new connections are refused", PATIENCE, refused).await.expect("refused");
            lock.release().await;
        };
        tokio::join!(instance.buyer(held, "requested", true), dies).0
    };
    let (ended, moved) = tokio::join!(running.run(async || pending().await), requests);
    assert!(matches!(ended, Err(LifecycleError::TaskEnded("background"))), "{ended:?}");
    assert_eq!(moved.status, 200, "{moved:?}");
}
