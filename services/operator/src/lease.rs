//! One controller at a time: a `Lease` that whoever leads renews, and that others take when it was not renewed for a while.
//!
//! "For a while" is measured by our own clock since we saw it change last, never by comparing the time written in it with
//! ours: two machines need not agree on the time. Our own, because no crate that does this works with kube 5: docs/adr/0015.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::reconcile::Clock;

/// How long an unrenewed lease is respected.
const VALID: Duration = Duration::from_secs(15);
/// How often it is renewed, or looked at.
const TURN: Duration = Duration::from_secs(4);
/// Whoever could not renew for so long has to assume that somebody else will lead in a moment.
const GIVE_UP: Duration = Duration::from_secs(10);

/// A lease that we hold or wait for.
pub struct Lease {
    api: Api<Object>,
    name: String,
    holder: String,
    clock: Clock,
}

/// The lead is lost. Whatever was being done must end.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Somebody else has it.
    #[error("{holder} took over the lease {name}")]
    Taken {
        /// Which.
        name: String,
        /// Who.
        holder: String,
    },
    /// It could not be renewed.
    #[error("the lease {name} could not be renewed")]
    NotRenewed {
        /// Which.
        name: String,
        /// What the API server said last.
        source: kube::Error,
    },
}

/// Which version was seen of another's lease, and since when it is that.
type Observed = Option<(Option<String>, Instant)>;

impl Lease {
    /// The lease `name` of a namespace, for `holder`, which no other process may be called.
    pub fn new(client: Client, namespace: &str, name: &str, holder: &str, clock: Clock) -> Self {
        let api = Api::namespaced(client, namespace);
        Self { api, name: name.to_owned(), holder: holder.to_owned(), clock }
    }

    /// Waits until it is ours.
    pub async fn acquire(&self) {
        let mut observed = None;
        let mut turns = turns();
        loop {
            turns.tick().await;
            match self.turn(&mut observed).await {
                Ok(None) => return,
                Ok(Some(holder)) => tracing::debug!(holder, "another one leads"),
                Err(error) => tracing::warn!(%error, "the lease cannot be read or written"),
            }
        }
    }

    /// Renews it, and returns when it is lost.
    pub async fn keep(&self) -> Lost {
        let (mut observed, mut renewed, mut turns) = (None, Instant::now(), turns());
        loop {
            turns.tick().await;
            let name = self.name.clone();
            match tokio::time::timeout(TURN, self.turn(&mut observed)).await {
                Ok(Ok(None)) => renewed = Instant::now(),
                Ok(Ok(Some(holder))) => return Lost::Taken { name, holder },
                Ok(Err(source)) if renewed.elapsed() > GIVE_UP => return Lost::NotRenewed { name, source },
                Err(_) if renewed.elapsed() > GIVE_UP => {
                    let source = kube::Error::Service("no answer in time".into());
                    return Lost::NotRenewed { name, source };
                }
                Ok(Err(error)) => tracing::warn!(%error, "the lease could not be renewed"),
                Err(_) => tracing::warn!("the lease could not be renewed: no answer in time"),
            }
        }
    }

    /// Gives it back, so that the next one need not wait.
    pub async fn release(&self) {
        let Ok(Some(mut lease)) = self.api.get_opt(&self.name).await else { return };
        if let Some(spec) =
            lease.spec.as_mut().filter(|spec| spec.holder_identity.as_deref() == Some(&self.holder))
        {
            spec.holder_identity = None;
            // Who cannot give it back lets it run out.
            drop(self.api.replace(&self.name, &PostParams::default(), &lease).await);
        }
    }

    /// Takes or renews it if that may be; else says who has it.
    async fn turn(&self, observed: &mut Observed) -> Result<Option<String>, kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let lease = Object { metadata, spec: Some(self.renewed(None)) };
            return settled(self.api.create(&PostParams::default(), &lease).await);
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty());
        if let Some(holder) = holder.filter(|holder| *holder != self.holder) {
            let version = &lease.metadata.resource_version;
            let since = match observed {
                Some((seen, since)) if seen == version => *since,
                _ => observed.insert((version.clone(), Instant::now())).1,
            };
            if since.elapsed() < VALID {
                return Ok(Some(holder));
            }
        }
        lease.spec = Some(self.renewed(Some(spec)));
        // The version that was read goes along: of two who take it at once, one is refused.
        settled(self.api.replace(&self.name, &PostParams::default(), &lease).await)
    }

    fn renewed(&self, before: Option<LeaseSpec>) -> LeaseSpec {
        let now = MicroTime((self.clock)());
        let before = before.unwrap_or_default();
        let is_ours = before.holder_identity.as_deref() == Some(&self.holder);
        LeaseSpec {
            holder_identity: Some(self.holder.clone()),
            lease_duration_seconds: i32::try_from(VALID.as_secs()).ok(),
            acquire_time: if is_ours { before.acquire_time } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!is_ours)),
            ..LeaseSpec::default()
        }
    }
}

/// That somebody was faster is an answer.
fn settled(written: Result<Object, kube::Error>) -> Result<Option<String>, kube::Error> {
    match written {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(Some("somebody who was faster".to_owned())),
        Err(error) => Err(error),
    }
}

fn turns() -> tokio::time::Interval {
    let mut turns = interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    turns
}
