//! What the engine counts. Handles are fetched once, so that counting is one atomic addition.
//!
//! No label carries a business: labels are for bounded sets, and businesses are not one.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

/// Bounds of every histogram in milliseconds: fine where a caller begins to notice.
const BUCKETS_MS: [f64; 18] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 700.0, 900.0,
    1_100.0, 2_000.0, 5_000.0,
];

/// Metrics that cannot be set up.
#[derive(Debug, Error)]
#[error("metrics cannot be set up: is another engine running in this process?")]
pub struct TelemetryError;

macro_rules! handles {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ident = $make:ident!($name:literal);)*) => {
        /// Handles of everything that is counted.
        #[derive(Clone)]
        pub struct Telemetry {
            $($(#[doc = $doc])+ pub $field: $kind,)*
        }

        impl Telemetry {
            /// Handles into the recorder that is installed, or into nothing if none is.
            pub fn new() -> Self {
                Self { $($field: $make!($name),)* }
            }
        }
    };
}

handles! {
    /// Calls that are up.
    calls_live: Gauge = gauge!("apex_calls_live");
    /// Calls that were admitted.
    calls_admitted: Counter = counter!("apex_calls_admitted_total");
    /// Sockets refused for their token.
    refused_token: Counter = counter!("apex_refused_token_total");
    /// Calls refused because node or business is full, or draining.
    refused_full: Counter = counter!("apex_refused_full_total");
    /// Callers without a place who were told so in the carrier's voice.
    refused_told: Counter = counter!("apex_refused_with_message_total");
    /// Calls to numbers nobody owns.
    refused_number: Counter = counter!("apex_refused_number_total");
    /// Calls with an audio format we do not speak.
    refused_format: Counter = counter!("apex_refused_format_total");
    /// Sockets that never sent a usable `start`.
    start_missing: Counter = counter!("apex_start_missing_total");
    /// Messages that could not be decoded, or are not for us.
    messages_bad: Counter = counter!("apex_messages_bad_total");
    /// Binary messages: the protocol has none.
    messages_binary: Counter = counter!("apex_messages_binary_total");
    /// Messages with an event we do not know.
    messages_unknown: Counter = counter!("apex_messages_unknown_total");
    /// Media payloads that could not be decoded.
    media_bad: Counter = counter!("apex_media_bad_total");
    /// Frames that were missing and filled.
    media_filled: Counter = counter!("apex_media_filled_total");
    /// Of those, decoded from the copy that the next message carried.
    media_recovered: Counter = counter!("apex_media_recovered_total");
    /// Messages that came too late for the caller to be heard in time; they are in the recording.
    media_late: Counter = counter!("apex_media_late_total");
    /// Legs whose L16 turned out to come the other way round.
    media_orders_switched: Counter = counter!("apex_media_orders_switched_total");
    /// Legs on which no media came for so long that the stream counts as dead.
    media_dead: Counter = counter!("apex_media_dead_total");
    /// Keys that carrier and tone told of both; they count once.
    keys_doubled: Counter = counter!("apex_keys_doubled_total");
    /// Sockets that broke instead of being closed: vanished carriers, oversized messages, frames
    /// that are none.
    sockets_broken: Counter = counter!("apex_sockets_broken_total");
    /// Sockets whose carrier stopped reading.
    legs_stalled: Counter = counter!("apex_legs_stalled_total");
    /// Vendors' events that were dropped because a call's inbox was full.
    inbox_shed: Counter = counter!("apex_inbox_shed_total");
    /// How long the brain waited for what a caller's words mean, in milliseconds.
    meaning_ms: Histogram = histogram!("apex_meaning_ms");
    /// How often that came too late or not at all, and the rules alone answered.
    meanings_missed: Counter = counter!("apex_meanings_missed_total");
    /// Calls ended by a fault of ours.
    calls_panicked: Counter = counter!("apex_calls_panicked_total");
    /// Gaps in replies because audio came too late.
    underruns: Counter = counter!("apex_playout_underruns_total");
    /// End of the caller's speech to the first audio heard, in ms.
    response_ms: Histogram = histogram!("apex_response_ms");
    /// How late the pacer's ticks are, in ms.
    tick_lateness: Histogram = histogram!("apex_tick_lateness_ms");
    /// Publishes of the directory.
    publishes: Counter = counter!("apex_publishes_total");
    /// Mistakes found in business files at the last publish.
    config_mistakes: Gauge = gauge!("apex_config_mistakes");
    /// Recording audio that was lost because the disk was slow or full, in batches.
    recording_shed: Counter = counter!("apex_recording_shed_total");
    /// Event log pieces that were lost because the disk was slow or full.
    journal_shed: Counter = counter!("apex_journal_shed_total");
    /// Jobs that wait for the local models' threads.
    pool_depth: Gauge = gauge!("apex_pool_depth");
    /// Jobs the local models' threads have done.
    pool_jobs: Counter = counter!("apex_pool_jobs_total");
    /// Partial transcripts that were dropped under pressure.
    partials_dropped: Counter = counter!("apex_partials_dropped_total");
    /// Speculative transcripts that were dropped under pressure.
    speculations_dropped: Counter = counter!("apex_speculations_dropped_total");
    /// Second readings that were left out under pressure.
    second_readings_dropped: Counter = counter!("apex_second_readings_dropped_total");
    /// Pieces of speech that found no room.
    voices_refused: Counter = counter!("apex_voices_refused_total");
    /// Final transcripts that were decoded the fast way under pressure.
    finals_hurried: Counter = counter!("apex_finals_hurried_total");
    /// Final transcripts that found no room.
    finals_refused: Counter = counter!("apex_finals_refused_total");
    /// Jobs that failed by a fault of ours.
    pool_panics: Counter = counter!("apex_pool_panics_total");
    /// Legs that lost their media.
    legs_detached: Counter = counter!("apex_legs_detached_total");
    /// Legs that got it back.
    legs_reattached: Counter = counter!("apex_legs_reattached_total");
    /// Calls that were brought back after their process had died.
    calls_restored: Counter = counter!("apex_calls_restored_total");
    /// Bytes of all journal files.
    journal_bytes: Gauge = gauge!("apex_journal_bytes");
    /// Failed writes of the journal.
    journal_faults: Counter = counter!("apex_journal_faults_total");
    /// Connections closed because the listener was full.
    doors_full: Counter = counter!("apex_connections_refused_full_total");
    /// Connections closed because their address had too many, or opened them too quickly.
    doors_source: Counter = counter!("apex_connections_refused_source_total");
    /// Connections closed because handshake, header or proof took too long.
    doors_slow: Counter = counter!("apex_connections_slow_total");
    /// Connections closed because what they sent is no HTTP, or too much of it.
    doors_bad: Counter = counter!("apex_connections_bad_total");
    /// TLS handshakes that failed.
    tls_failed: Counter = counter!("apex_tls_handshakes_failed_total");
    /// Certificates exchanged while running.
    tls_reloads: Counter = counter!("apex_tls_reloads_total");
    /// Certificates that could not be used and were not taken.
    tls_refused: Counter = counter!("apex_tls_reloads_refused_total");
    /// Webhooks taken: signed, in time, not seen before.
    webhooks: Counter = counter!("apex_webhooks_total");
    /// Webhooks seen before.
    webhooks_again: Counter = counter!("apex_webhooks_duplicate_total");
    /// Webhooks not signed by the carrier.
    webhooks_forged: Counter = counter!("apex_webhooks_forged_total");
    /// Webhooks signed too long ago, or ahead of our clock.
    webhooks_stale: Counter = counter!("apex_webhooks_stale_total");
    /// Signed webhooks that cannot be read, and bodies too large or too slow.
    webhooks_bad: Counter = counter!("apex_webhooks_bad_total");
    /// Webhooks of events that mean nothing to us.
    webhooks_unknown: Counter = counter!("apex_webhooks_unknown_total");
    /// Webhooks of applications that are not ours.
    webhooks_foreign: Counter = counter!("apex_webhooks_foreign_total");
    /// Webhooks sent back to be delivered again because too many wait.
    webhooks_shed: Counter = counter!("apex_webhooks_shed_total");
    /// From a webhook's last byte to its acknowledgement, in ms.
    webhook_ack_ms: Histogram = histogram!("apex_webhook_ack_ms");
    /// Legs the front door follows.
    legs_live: Gauge = gauge!("apex_legs_live");
    /// Legs answered.
    legs_answered: Counter = counter!("apex_legs_answered_total");
    /// Legs refused because their business starts calls too quickly.
    refused_pace: Counter = counter!("apex_refused_pace_total");
    /// Answered legs that no media came from, and that were hung up.
    legs_without_media: Counter = counter!("apex_legs_without_media_total");
    /// Legs the carrier had, and nobody here.
    legs_swept: Counter = counter!("apex_legs_swept_total");
    /// Requests to the carrier's API.
    carrier_requests: Counter = counter!("apex_carrier_requests_total");
    /// Requests made again: no reply, a fault, or too many at once.
    carrier_retries: Counter = counter!("apex_carrier_retries_total");
    /// Commands that failed for good.
    carrier_failures: Counter = counter!("apex_carrier_failures_total");
    /// Commands that found no room to wait.
    carrier_shed: Counter = counter!("apex_carrier_shed_total");
    /// Request to reply of the carrier's API, in ms.
    carrier_ms: Histogram = histogram!("apex_carrier_request_ms");
    /// Our own share of the time from a ring to the greeting's first audio, in ms: what was not
    /// waited for the carrier.
    ring_own_ms: Histogram = histogram!("apex_ring_to_greeting_own_ms");
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

/// Installs the process's recorder.
///
/// # Errors
/// [`TelemetryError`] if one is installed already.
pub fn install() -> Result<PrometheusHandle, TelemetryError> {
    PrometheusBuilder::new()
        .set_buckets(&BUCKETS_MS)
        .map_err(|_| TelemetryError)?
        .install_recorder()
        .map_err(|_| TelemetryError)
}
