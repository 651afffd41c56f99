//! The exporter, from configuration: gRPC or protobuf over HTTP, with TLS and headers of the operator's.

use std::io;
use std::path::{Path, PathBuf};

use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

use super::config::{OtlpConfig, OtlpProtocol, pairs};

/// Why spans cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// A file of `[telemetry.otlp]` cannot be read.
    #[error("the file {} of [telemetry.otlp] cannot be read", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `telemetry.otlp.headers` or its file holds something else. The text itself may hold a secret.
    #[error("header {number} of {key} is none that HTTP knows")]
    Header {
        /// Of which key.
        key: &'static str,
        /// Which of them, from 1.
        number: usize,
    },
    /// The client for HTTP cannot be built.
    #[error("the client for telemetry.otlp.endpoint cannot be built")]
    Client(#[source] reqwest::Error),
    /// The library says no.
    #[error("spans cannot be sent to telemetry.otlp.endpoint")]
    Exporter(#[source] ExporterBuildError),
    /// The thread that builds the client ended.
    #[error("the client for telemetry.otlp.endpoint was not built")]
    Thread(#[source] tokio::task::JoinError),
}

/// The files, read.
struct Files {
    headers: HeaderMap,
    authorities: Option<Vec<u8>>,
    /// Certificate and key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The exporter to `address`. It connects when there is something to send.
pub(super) async fn exporter(config: &OtlpConfig, address: &str) -> Result<SpanExporter, OtlpError> {
    let files = Files::read(config)?;
    match config.protocol {
        OtlpProtocol::Grpc => grpc(config, address, files),
        OtlpProtocol::HttpProtobuf => {
            let (config, address) = (config.clone(), address.to_owned());
            // The client for threads has a runtime inside, which must not be built within another.
            tokio::task::spawn_blocking(move || http(&config, &address, files))
                .await
                .map_err(OtlpError::Thread)?
        }
    }
}

fn grpc(config: &OtlpConfig, address: &str, files: Files) -> Result<SpanExporter, OtlpError> {
    let mut builder = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(address)
        .with_timeout(config.timeout())
        .with_metadata(MetadataMap::from_headers(files.headers));
    if address.starts_with("https:") {
        let mut tls = match files.authorities {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        if let Some((certificate, key)) = files.identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        builder = builder.with_tls_config(tls);
    }
    builder.build().map_err(OtlpError::Exporter)
}

fn http(config: &OtlpConfig, address: &str, files: Files) -> Result<SpanExporter, OtlpError> {
    let mut client = reqwest::blocking::Client::builder()
        .user_agent(concat!("atelier/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(config.timeout())
        .default_headers(files.headers);
    if let Some(pem) = files.authorities {
        client =
            client.tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).map_err(OtlpError::Client)?);
    }
    if let Some((certificate, key)) = files.identity {
        let both = [certificate, key].join(&b'\n');
        client = client.identity(reqwest::Identity::from_pem(&both).map_err(OtlpError::Client)?);
    }
    SpanExporter::builder()
        .with_http()
        .with_http_client(client.build().map_err(OtlpError::Client)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(address)
        .with_timeout(config.timeout())
        .build()
        .map_err(OtlpError::Exporter)
}

impl Files {
    fn read(config: &OtlpConfig) -> Result<Self, OtlpError> {
        let bytes = |file: &Option<PathBuf>| file.as_deref().map(read).transpose();
        let inline = config.headers.as_ref().and_then(|headers| pairs(headers.expose())).unwrap_or_default();
        let inline = inline.iter().map(|(name, value)| Some((name.as_str(), value.as_str())));
        let mut headers = parse("telemetry.otlp.headers", inline)?;
        let file = bytes(&config.headers_file)?.unwrap_or_default();
        headers.extend(parse("telemetry.otlp.headers_file", lines(&String::from_utf8_lossy(&file)))?);
        Ok(Self {
            headers,
            authorities: bytes(&config.ca_file)?,
            identity: bytes(&config.cert_file)?.zip(bytes(&config.key_file)?),
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, OtlpError> {
    std::fs::read(file).map_err(|source| OtlpError::File { file: file.to_owned(), source })
}

fn lines(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split_once(':'))
}

fn parse<'a>(
    key: &'static str,
    headers: impl Iterator<Item = Option<(&'a str, &'a str)>>,
) -> Result<HeaderMap, OtlpError> {
    let parsed = headers.enumerate().map(|(index, pair)| {
        let header = pair.and_then(|(name, value)| {
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name.trim().parse::<HeaderName>().ok()?, value))
        });
        header.ok_or(OtlpError::Header { key, number: index + 1 })
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_line_by_line_and_never_shown() {
        let read = |text| parse("key", lines(text));
        let headers = read("authorization: Bearer a:b\n\nX-Scope : shop\n").unwrap();
        assert_eq!(
            (&headers["authorization"], &headers["x-scope"]),
            (&"Bearer a:b".parse().unwrap(), &"shop".parse().unwrap())
        );
        assert!(!format!("{headers:?}").contains("Bearer"), "{headers:?}");
        let error = read("a: b\nsecret\n").unwrap_err().to_string();
        assert!(error.contains("header 2") && !error.contains("secret"), "{error}");
    }
}
