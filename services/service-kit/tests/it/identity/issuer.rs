//! The issuer whose tokens a door takes.

use std::ops::Deref;

use testkit::issuer::Conduct;

use super::keys::{self, AUDIENCE, ISSUER, Key};
use super::{Door, until};

/// A running issuer. It is gone with this value.
pub(super) struct Issuer(testkit::issuer::Issuer);

impl Deref for Issuer {
    type Target = testkit::issuer::Issuer;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Issuer {
    /// One that serves these keys.
    pub(super) async fn of(keys: &[&Key]) -> Self {
        Self::with(Conduct::Says(keys::set(keys).to_string().into())).await
    }

    pub(super) async fn with(conduct: Conduct) -> Self {
        Self(testkit::issuer::Issuer::start(conduct, None).await.expect("an issuer"))
    }

    /// Waits until it was asked that often.
    pub(super) async fn until_calls(&self, count: usize) {
        until("the issuer is asked", || async { self.calls() >= count }).await;
    }

    /// A door that takes this issuer's tokens, with further keys. The set was asked for before this returns.
    pub(super) async fn door(&self, more: &[(&str, &str)]) -> Door {
        let url = self.url();
        let ours = [
            ("mode", "token"),
            ("jwks.url", url.as_str()),
            ("token.issuer", ISSUER),
            ("token.audience", AUDIENCE),
        ];
        let asked = self.calls();
        let door = Door::open(&[&ours, more].concat()).await;
        self.until_calls(asked + 1).await;
        door
    }
}
