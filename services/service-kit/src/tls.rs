//! One TLS provider for the whole process: ring, so that no second crypto library is linked.

/// Makes ring the provider of every TLS client in this process. Call it once, first thing in `main`; again is harmless.
pub fn install_provider() {
    // The error only says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
