//! Bringing a database's schema to the version that this release needs, and saying where it stands.
//!
//! One file a concern: what the files are, what the database remembers, who may go on, what is done, what is told.
//! Nothing here knows the command line, prints, or ends the process.

pub mod adopt;
pub mod after_restore;
pub mod analysis;
pub mod applications;
pub mod apply;
pub mod backfill;
mod backoff;
pub mod bookkeeping;
pub mod bundle;
pub mod change;
pub mod contract;
pub mod down;
pub mod erase;
pub mod files;
pub mod fingerprint;
pub mod grants;
pub mod ground;
pub mod history;
pub mod lock;
pub mod plan;
pub mod roles;
pub mod rollback;
pub mod session;
pub mod status;
pub mod up;
pub mod verify;

pub use adopt::{AdoptError, AdoptOptions, Adopted, Doubt, adopt_until};
pub use after_restore::{Restored, after_restore};
pub use backfill::{BackfillError, Filled, backfill_until};
pub use bundle::{Bundle, bundle};
pub use change::{ChangeError, ChangeOptions};
pub use contract::{ContractError, contract_until};
pub use down::{DownError, DownPlan, down_plan, down_until};
pub use erase::{EraseError, Erased, Person, erase_until};
pub use files::{FilesError, Migration, MigrationSet, Phase};
pub use plan::{Plan, PlanError, plan};
pub use roles::Roles;
pub use rollback::{Rollback, check_rollback};
pub use status::{Status, Window, status, wait};
pub use up::{UpReport, up, up_until};
pub use verify::{Finding, Verification, verify, verify_history};

/// The one schema that everything of ours lives in. It is fixed: statements name it, so no session setting matters.
pub const SCHEMA: &str = "atelier";
