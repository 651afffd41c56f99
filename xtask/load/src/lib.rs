//! The load generator: asks at a constant rate, or as fast as it is answered, and holds every answer against what it must say.
//!
//! What is asked is a [`Script`]'s; [`work`] has the one that needs nothing but an installation. Nothing here decides what a
//! failure means to whoever asked for the load.

pub mod audit;
mod client;
mod drive;
pub mod people;
mod question;
mod report;
mod target;
pub mod wire;
pub mod work;

pub use client::{Answer, ClientError};
pub use drive::{Plan, Running, Script, Until, start};
pub use question::{Mismatch, Question, Verdict, get, holds, read, sends};
pub use report::{Report, percentile};
pub use target::{Target, TargetError};
