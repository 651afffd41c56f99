//! The cases, each in a file named by what it proves.

mod collision;
mod contract;
mod edge;
mod failed_migration;
mod gateway;
mod hook;
mod install;
mod metrics;
mod new_host;
mod operator;
mod raw;
mod refusals;
mod restart;
mod restarts;
mod rotation;
mod tested;
mod traces;
mod upgrade;

use std::pin::Pin;

use crate::error::Failure;
use crate::stage::Stage;

/// A case at work.
type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// A case, which gets a stage of its own.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a Stage) -> Running<'a>,
}

pub(crate) const CASES: [Case; 26] = [
    Case { name: "install", run: |stage| Box::pin(install::run(stage)) },
    Case { name: "collision", run: |stage| Box::pin(collision::run(stage)) },
    Case { name: "contract", run: |stage| Box::pin(contract::run(stage)) },
    Case { name: "edge", run: |stage| Box::pin(edge::run(stage)) },
    Case { name: "gateway", run: |stage| Box::pin(gateway::run(stage)) },
    Case { name: "hook", run: |stage| Box::pin(hook::run(stage)) },
    Case { name: "metrics", run: |stage| Box::pin(metrics::run(stage)) },
    Case { name: "new_host", run: |stage| Box::pin(new_host::run(stage)) },
    Case { name: "operator", run: |stage| Box::pin(operator::run(stage)) },
    Case { name: "operator_killed", run: |stage| Box::pin(operator::killed(stage)) },
    Case { name: "operator_reasons", run: |stage| Box::pin(operator::reasons(stage)) },
    Case { name: "operator_words", run: |stage| Box::pin(operator::words(stage)) },
    Case { name: "raw", run: |stage| Box::pin(raw::run(stage)) },
    Case { name: "refusals_wrong_password", run: |stage| Box::pin(refusals::wrong_password(stage)) },
    Case { name: "refusals_missing_secret", run: |stage| Box::pin(refusals::missing_secret(stage)) },
    Case { name: "refusals_wrong_authority", run: |stage| Box::pin(refusals::wrong_authority(stage)) },
    Case { name: "restart", run: |stage| Box::pin(restart::run(stage)) },
    Case { name: "tested", run: |stage| Box::pin(tested::run(stage)) },
    Case { name: "traces", run: |stage| Box::pin(traces::run(stage)) },
    // Each alone, after the others, and in this order: under load, then what happens to the whole cluster.
    Case { name: "upgrade", run: |stage| Box::pin(upgrade::run(stage)) },
    Case { name: "no_way_back", run: |stage| Box::pin(upgrade::no_way_back(stage)) },
    Case { name: "failed_migration", run: |stage| Box::pin(failed_migration::run(stage)) },
    Case { name: "rotation", run: |stage| Box::pin(rotation::run(stage)) },
    Case { name: "rolling_restarts", run: |stage| Box::pin(restarts::run(stage)) },
    Case { name: "operator_without_its_kind", run: |stage| Box::pin(operator::without_its_kind(stage)) },
    Case { name: "operator_api_server", run: |stage| Box::pin(operator::restarted(stage)) },
];
