//! Migrations: where the schema is, who can work on it, and how the services fare meanwhile.

use super::shared;
use crate::panel::Unit::{Count, YesNo};
use crate::panel::{Dashboard, Panel, Section};

pub(crate) fn migrations() -> Dashboard {
    Dashboard {
        title: "Atelier / Migrations",
        about: "The schema, the Job that brings it up to date, and the services while it changes.",
        component: None,
        sections: vec![schema(), job(), meanwhile()],
    }
}

fn schema() -> Section {
    let panels = [
        Panel::number("Version", Count, "Pods of each.")
            .query("{{component}} {{version}}", "count by (component, version) (build_info{@})"),
        Panel::number(
            "Least privilege",
            YesNo,
            "Whether a service's login can neither change the schema nor rewrite history.",
        )
        .query("{{component}}", "min by (component) (db_least_privilege{@})"),
        Panel::lines("Schema by pod", Count, "The version that each finds.")
            .query("{{pod}}", "schema_version{@}"),
        Panel::lines("Fits by pod", YesNo, "A pod that cannot work on the schema is not ready.")
            .query("{{pod}}", "schema_compatible{@}"),
        Panel::lines("Missing by pod", Count, "Versions that its build knows and the database lacks.")
            .query("{{pod}}", "schema_pending{@}"),
    ];
    Section::new("Schema", shared::schema().into_iter().chain(panels))
}

/// By kube-state-metrics.
fn job() -> Section {
    let panels = [
        Panel::lines("Job at work", Count, "Pods of the Job that run.")
            .query("{{job_name}}", r#"kube_job_status_active{namespace="$namespace",job_name=~".+-migrate-.+"}"#),
        Panel::lines("Job failed", YesNo, "For good: it is not tried again.").query(
            "{{job_name}}",
            r#"kube_job_failed{namespace="$namespace",job_name=~".+-migrate-.+",condition="true"}"#,
        ),
        Panel::lines("Pods not ready", Count, "Of both services.").query(
            "{{deployment}}",
            r#"kube_deployment_status_replicas_unavailable{namespace="$namespace",deployment=~".+-(order-status|orders)"}"#,
        ),
    ];
    Section::new("Job", panels)
}

fn meanwhile() -> Section {
    let panels = [
        shared::failed_by_component(),
        shared::connections_by_component(),
        shared::reconnects().query(
            "{{component}} {{reason}}",
            "sum by (component, reason) (increase(db_reconnects_total{@}[@]))",
        ),
    ];
    Section::new("The services meanwhile", panels)
}
