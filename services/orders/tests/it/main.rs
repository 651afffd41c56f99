//! The orders service from outside: the real thing in this process, on a real database, with a catalog that behaves as a test asks.
//! The modules mirror the routes. Nothing here may reach past HTTP, the configuration and the database.

mod ask;
mod catalog;
mod configuration;
mod doctor;
mod fixtures;
mod identity;
mod openapi;
mod orders;
mod outage;
mod page;
mod process;
mod raw_catalog;
mod support;
mod tracing;
