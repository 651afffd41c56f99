//! The rules of an order's life, checked from outside: against the contract's words, and against laws that no rule may break.
//! Nothing here may take an expectation from the crate's own table: a mistake there would then agree with itself.

mod actors;
mod ids;
mod laws;
mod matrix;
mod money;
mod names;
mod next;
mod people;
mod sentences;
mod text;
mod walk;
