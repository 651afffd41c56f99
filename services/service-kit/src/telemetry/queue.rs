//! Finished spans on their way to the collector: how many there may be, and how many were lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus::IntCounter;

use crate::metrics::{Metrics, Name};

/// Counts the spans that wait or are under way. The library's queue has the same bound, but tells nobody what it dropped.
#[derive(Debug)]
pub(super) struct Queue {
    spans: AtomicUsize,
    spans_max: usize,
    full: IntCounter,
    failed: IntCounter,
    is_failing: AtomicBool,
}

impl Queue {
    pub(super) fn new(spans_max: usize, metrics: &Metrics) -> Self {
        let dropped = metrics.counters(Name::OtlpDropped, &["reason"]);
        Self {
            spans: AtomicUsize::new(0),
            spans_max,
            full: dropped.with_label_values(&["queue_full"]),
            failed: dropped.with_label_values(&["export_failed"]),
            is_failing: AtomicBool::new(false),
        }
    }

    /// Takes a place for one span; false where there is none, and the span is lost.
    pub(super) fn enter(&self) -> bool {
        let has_place = self.spans.fetch_add(1, Ordering::AcqRel) < self.spans_max;
        if !has_place {
            self.spans.fetch_sub(1, Ordering::AcqRel);
            self.full.inc();
        }
        has_place
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.spans.load(Ordering::Acquire)
    }

    fn sent(&self, spans: usize, result: &OTelSdkResult) {
        self.spans.fetch_sub(spans, Ordering::AcqRel);
        let was_failing = self.is_failing.swap(result.is_err(), Ordering::AcqRel);
        match result {
            Err(error) => {
                self.failed.inc_by(spans as u64);
                if !was_failing {
                    let error = error.to_string();
                    tracing::warn!(error, spans, "the collector takes no spans; until it does they are lost");
                }
            }
            Ok(()) if was_failing => tracing::info!("the collector takes spans again"),
            Ok(()) => {}
        }
    }
}

/// The exporter, and the count of what it was given.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) exporter: OtlpExporter,
    pub(super) queue: std::sync::Arc<Queue>,
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        self.queue.sent(spans, &result);
        result
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
