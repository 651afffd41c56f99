//! migrator
