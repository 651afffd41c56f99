//! Who may do what, through the whole service, in each of the three modes in which it learns who is asking.
//! How tokens and headers are verified is tested beside the code that does it; here they only have to be good ones.

mod audit;
mod bodies;
mod caching;
pub(crate) mod callers;
mod fair;
mod key_set;
mod keys;
mod matrix;
mod operator;
mod rotation;
mod rs256;
mod secrets;
mod strangers;
mod verify;
