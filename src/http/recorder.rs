//! The process's metrics in their text form.
//!
//! What became of statements is counted where it is decided (`engine`); here are requests and problems.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// There is one recorder in a process, however many registries a test runs.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the histograms of times, in seconds.
const SECONDS: [f64; 12] =
    [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0];
/// Upper bounds of the histograms of numbers of statements.
const STATEMENTS: [f64; 9] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0];

/// Installs the recorder. Where somebody else installed one before, there is nothing to show.
pub(super) fn recorder() -> Option<&'static PrometheusHandle> {
    let install = || {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| {
                let statements = Matcher::Suffix("_statements".to_owned());
                builder.set_buckets_for_metric(statements, &STATEMENTS)
            })
            .ok()?
            .install_recorder()
            .ok()
    };
    RECORDER.get_or_init(install).as_ref()
}
