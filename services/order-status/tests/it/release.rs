//! A release with a migration of its own, carried from the schema of before through expand, roll-out and contract while requests
//! come in: none is lost, and no step can be taken too early.
//!
//! Behind the balancer stand two instances of the release before, which differ from these in nothing but the schema that they know:
//! 0005 and 0006 are about erasures, which no service looks at.

use std::convert::Infallible;

use axum::Router;
use manual::console::examples;
use migrator::migrate::{ChangeOptions, ContractError, MigrationSet, contract_until, plan, up, verify};
use order_status::{Config, OrderStatus};
use service_kit::database::{Build, Rights};
use service_kit::http::RequestIds;
use service_kit::lifecycle::LifecycleError;
use service_kit::service::{Parts, Running, Service, ServiceConfig};
use sqlx::{AssertSqlSafe, raw_sql};
use testkit::balancer::{Backend, Balancer};
use testkit::database::roles;
use testkit::{Role, TestDatabase};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::program::Program;
use crate::support::{Instance, PATIENCE, PATIENT, settings, shop};

const DOCUMENT: &str = include_str!("../../../../docs/migrations.md");
/// The last schema of before.
const BEFORE: i64 = 4;
/// Long enough for the balancer to notice.
const DELAY: (&str, &str) = ("ATELIER_SHUTDOWN__DELAY_MS", "1500");

/// The release before.
struct OneBefore;

impl Service for OneBefore {
    const NAME: &'static str = OrderStatus::NAME;
    const BUILD: Build = Build { service: OrderStatus::NAME, schema: BEFORE, requires: BEFORE };
    const RIGHTS: Rights = OrderStatus::RIGHTS;
    type Config = Config;
    type Error = Infallible;

    fn base(config: &Config) -> &ServiceConfig {
        OrderStatus::base(config)
    }

    fn routes(config: &Config, parts: Parts) -> Result<Router, Infallible> {
        OrderStatus::routes(config, parts)
    }
}

/// An instance of the release before, which stops when it is told to.
struct Old {
    backend: Backend,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), LifecycleError>>,
}

impl Old {
    async fn start(database: &TestDatabase) -> Self {
        let config = settings(&database.url(Role::Writer), &[&PATIENT[..], &[DELAY]].concat());
        let running = Running::start::<OneBefore>(&config, RequestIds::counting()).await.expect("a service");
        let backend = Backend { api: running.address, ops: running.ops_address };
        let (stop, told) = oneshot::channel();
        let mut told = Some(told);
        let asked = async move || match told.take() {
            Some(told) => drop(told.await),
            None => std::future::pending().await,
        };
        Self { backend, stop, running: tokio::spawn(running.run(asked)) }
    }

    async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.running.await.expect("no panic").expect("an orderly end");
    }
}

/// A database as the release before left it: founded by its files, with the logins of the split tier.
async fn of_before() -> (TestDatabase, ChangeOptions) {
    let database = TestDatabase::empty().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("the superuser");
    let script = AssertSqlSafe(roles().script(database.name()));
    raw_sql(script).execute(&mut admin).await.expect("the logins' rights");
    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(roles());
    let old = options.migrations.iter().filter(|file| file.version <= BEFORE);
    let migrations = MigrationSet::parse(old.map(|file| (&*file.file, &*file.sql))).expect("well-formed");
    let before = ChangeOptions { migrations, ..options.clone() };
    up(&database.options(Role::Owner), &before).await.expect("the schema of before");
    (database, options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_is_carried_through_expand_and_contract_and_no_request_is_lost() {
    let (database, options) = of_before().await;
    shop::seed(&database).await;
    let owner = database.options(Role::Owner);
    let balancer = Balancer::start().await.expect("a balancer");
    let old = [Old::start(&database).await, Old::start(&database).await];
    for instance in &old {
        balancer.add(instance.backend);
    }
    balancer.until_ready(2, PATIENCE).await.expect("both of before");
    let load = shop::load(Instance::at(balancer.address(), old[0].backend.ops)).await;

    let report = up(&owner, &options).await.expect("the expand");
    assert_eq!(report.applied.len(), 1, "{report:?}");
    assert_eq!(report.contracts_pending.len(), 1, "{report:?}");
    load.goes_on().await;

    let drawn = plan(&owner, &options.migrations).await.expect("a plan");
    let approved = drawn.plan_hash.expect("a hash to approve");
    let contract = async || contract_until(&owner, &options, &approved, std::future::pending()).await;
    let refused = contract().await.expect_err("instances of before are connected");
    assert!(matches!(&refused, ContractError::OldApplications { needed: 5, .. }), "{refused}");
    load.goes_on().await;

    let mut new = Vec::new();
    for instance in old {
        let program = Program::serve(&database.url(Role::Writer), &[&PATIENT[..], &[DELAY]].concat());
        let Instance { address: api, ops_address: ops, .. } = program.instance().await;
        balancer.add(Backend { api, ops });
        balancer.until_ready(3, PATIENCE).await.expect("one more");
        let backend = instance.backend;
        instance.stop().await;
        balancer.remove(backend);
        load.goes_on().await;
        new.push(program);
    }
    let report = contract().await.expect("nobody of before is left");
    assert_eq!((report.applied.len(), report.contracts_pending.len()), (1, 0), "{report:?}");
    load.goes_on().await;
    println!("expand, roll-out, contract: {}", load.end_without_failure().await);

    let verified = verify(&owner, &options.migrations, Some(&roles())).await.expect("verified");
    assert_eq!(verified.findings, []);
    shop::check(&database).await;
    is_kept_out(&database).await;
}

/// An instance of before that comes too late, as after a rollback, says what it needs and stays un-ready.
async fn is_kept_out(database: &TestDatabase) {
    let late = Old::start(database).await;
    let instance = Instance::at(late.backend.api, late.backend.ops);
    let words = "takes builds of schema 5 and above, this one is of 4";
    instance
        .until_readyz("un-ready by the schema", PATIENCE, |status, report| {
            status == 503 && report.to_string().contains(words)
        })
        .await;
    let documented = examples(DOCUMENT, "## Four questions");
    let readyz = documented.iter().find(|it| it.command.starts_with("curl ")).expect("an example");
    assert_eq!(instance.ops("/readyz").await.1, readyz.output.trim_end(), "as docs/migrations.md says");
    late.stop().await;
}
