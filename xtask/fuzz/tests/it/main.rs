//! Fuzzing (R11): what reads bytes from outside gets bytes that nobody would send. Nothing may panic, hang, or answer 500.
//!
//! Inputs are made of those in `corpus/`, a line each and escaped as Rust escapes bytes, by chance that hangs on a seed; one that is
//! answered as none was before is made into others too. An input that breaks something is told, and belongs into the corpus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says by panicking that something is not as it should be, and tells how much it tried"
)]

mod configuration;
mod corpus;
mod requests;
mod subject;
mod wire;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use testkit::proof;

use corpus::Corpus;

/// What became of an input, in a word or two: by it is known whether another is anything new.
type Behaviour = String;

/// Lets `try_out` have what is in `corpus`, and then what chance makes of it, for a while.
async fn fuzz(target: &str, corpus: &str, mut try_out: impl AsyncFnMut(&[u8]) -> Behaviour) {
    let mut hasher = DefaultHasher::new();
    (target, proof::seed()).hash(&mut hasher);
    let mut chance = StdRng::seed_from_u64(hasher.finish());
    let mut corpus = Corpus::read(corpus);
    let mut seen = HashSet::new();
    for input in corpus.all() {
        let _told = ToldIfItBreaks(&input);
        seen.insert(try_out(&input).await);
    }
    let (mut count, end) =
        (corpus.len(), Instant::now() + proof::either(Duration::from_mins(10), Duration::from_secs(1)));
    while Instant::now() < end {
        let input = corpus.next(&mut chance);
        let told = ToldIfItBreaks(&input);
        let is_new = seen.insert(try_out(&input).await);
        drop(told);
        if is_new {
            corpus.add(input);
        }
        count += 1;
    }
    println!("figure: {target}: {count} inputs, {} behaviours, no crash", seen.len());
    assert!(count > 20 && seen.len() > 1, "hardly anything was tried");
}

/// An input that is being tried.
struct ToldIfItBreaks<'a>(&'a [u8]);

impl Drop for ToldIfItBreaks<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("it broke on: {}", self.0.escape_ascii());
        }
    }
}
