//! Counters of what became of statements, and the text form of all metrics.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::engine::{Admitted, Refusal};

/// The process's recorder: there is one, however many registries a test runs.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the histograms of times, in seconds.
const SECONDS: [f64; 12] =
    [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0];

/// Installs the recorder. Where somebody else installed one before, there is nothing to show.
pub(super) fn recorder() -> Option<&'static PrometheusHandle> {
    let install = || {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?;
        let handle = builder.install_recorder().ok()?;
        Some(handle)
    };
    RECORDER.get_or_init(install).as_ref()
}

/// What became of the statements of one group; counted once, when the group is answered.
#[derive(Default)]
pub(super) struct Tally {
    admitted: u64,
    replayed: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts one.
    pub(super) fn count(&mut self, result: &Result<Admitted, Refusal>) {
        match result {
            Ok(admitted) if admitted.replayed => self.replayed = self.replayed.saturating_add(1),
            Ok(_) => self.admitted = self.admitted.saturating_add(1),
            Err(refusal) => {
                let refused = self.refused.entry(refusal.code()).or_default();
                *refused = refused.saturating_add(1);
            }
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let counted = self.refused.values().fold(0_u64, |sum, it| sum.saturating_add(*it));
        let size =
            u32::try_from(counted.saturating_add(self.admitted).saturating_add(self.replayed));
        metrics::histogram!("tallystick_group_statements").record(size.unwrap_or(u32::MAX));
        metrics::counter!("tallystick_statements_total", "outcome" => "admitted")
            .increment(self.admitted);
        metrics::counter!("tallystick_statements_total", "outcome" => "replayed")
            .increment(self.replayed);
        for (code, count) in &self.refused {
            metrics::counter!("tallystick_rejections_total", "code" => *code).increment(*count);
        }
    }
}
