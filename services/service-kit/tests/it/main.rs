//! What every service stands on, from outside: configuration as an operator writes it, HTTP as bytes on a socket.

mod config;
mod http;
mod identity;
mod lifecycle;
mod log;
mod statements;
mod wire;
