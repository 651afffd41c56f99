//! What spans are made and end with. Off where no endpoint is set: then there are trace ids, and no spans.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TraceId;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanProcessor};
use opentelemetry_semantic_conventions::attribute::{SERVICE_NAME, SERVICE_VERSION};

use super::config::{TelemetryConfig, pairs};
use super::otlp::{self, OtlpError};
use super::queue::{Counted, Queue};
use super::sampling::Sampling;
use crate::clock::Clock;
use crate::metrics::Metrics;

/// Makes spans, if anybody wants them.
///
/// It is never taken down, only emptied: what it hands out (see [`super::RequestSpan`]) may be copied freely, through queues and
/// batches, without counting who still holds it. A process has one; a test process that starts many services leaks as many.
#[derive(Debug, Clone, Copy)]
pub struct Tracer(Option<&'static Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    sampling: Sampling,
    queue: Arc<Queue>,
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    flush: Duration,
    pub(super) clock: Clock,
}

impl Tracer {
    /// One that makes no spans.
    pub const fn off() -> Self {
        Self(None)
    }

    /// As configured. It connects to nobody yet.
    pub async fn start(
        service: &'static str,
        config: &TelemetryConfig,
        metrics: &Metrics,
        clock: Clock,
    ) -> Result<Self, OtlpError> {
        // Registered in any case: an alert on drops must not depend on whether there could be any.
        let queue = Arc::new(Queue::new(config.otlp.queue_spans_max, metrics));
        let Some(address) = config.otlp.address().filter(|_| !config.disabled) else {
            return Ok(Self::off());
        };
        let exporter = otlp::exporter(&config.otlp, &address).await?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(config.otlp.queue_spans_max)
            .with_max_export_batch_size(config.otlp.batch_spans_max)
            .with_scheduled_delay(Duration::from_millis(config.otlp.delay_ms))
            .build();
        let exporter = Counted { exporter, queue: Arc::clone(&queue) };
        let mut processor = BatchSpanProcessor::new(exporter, batches);
        processor.set_resource(&resource(service, config));
        let inner = Inner {
            sampling: Sampling::new(config.sampler, config.trace_ratio),
            queue,
            processor,
            scope: InstrumentationScope::builder("atelier").with_version(env!("CARGO_PKG_VERSION")).build(),
            flush: Duration::from_millis(config.otlp.flush_ms),
            clock,
        };
        tracing::info!(address, protocol = ?config.otlp.protocol, "spans go to a collector");
        Ok(Self(Some(Box::leak(Box::new(inner)))))
    }

    /// What a request of this trace makes its spans with, if it is chosen.
    pub(super) fn choose(self, trace_id: TraceId, caller: Option<bool>) -> Option<&'static Inner> {
        self.0.filter(|inner| inner.sampling.chooses(trace_id, caller))
    }

    /// Sends what is left, for as long as the configuration allows; after that, spans lead nowhere.
    pub async fn flush(self) {
        let Some(inner) = self.0 else { return };
        // The library waits as threads do.
        let flushed =
            tokio::task::spawn_blocking(|| inner.processor.shutdown_with_timeout(inner.flush)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!(spans = inner.queue.len(), "the collector did not take the last spans in time");
        }
    }
}

impl Inner {
    /// Where spans go when they end. Never waits.
    pub(super) fn take(&self, span: SpanData) {
        if self.queue.enter() {
            self.processor.on_end(span);
        }
    }

    pub(super) fn scope(&self) -> InstrumentationScope {
        self.scope.clone()
    }
}

/// Who we are, for whoever reads the spans. What the operator says of the process wins over what we know.
fn resource(service: &'static str, config: &TelemetryConfig) -> Resource {
    let named = pairs(config.resource_attributes.as_deref().unwrap_or_default()).unwrap_or_default();
    let ours =
        [KeyValue::new(SERVICE_NAME, service), KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION"))];
    Resource::builder_empty()
        .with_attributes(ours)
        .with_attributes(named.into_iter().map(|(name, value)| KeyValue::new(name, value)))
        .with_attributes(config.service_name.clone().map(|name| KeyValue::new(SERVICE_NAME, name)))
        .build()
}
