//! PostgreSQL's certificate and the authority that signed it. The authority's key is forgotten at once, so it signs
//! nothing else.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// PEM, all three.
pub(crate) struct Certified {
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// For the Service `postgres` of this namespace, by each of its names, and for who forwards its port.
pub(crate) fn make(namespace: &str) -> Result<Certified, Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Atelier development authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let service = format!("postgres.{namespace}.svc");
    let names = vec![service.clone(), format!("{service}.cluster.local"), "localhost".to_owned()];
    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, service);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &authority)?;
    Ok(Certified { authority: authority.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
