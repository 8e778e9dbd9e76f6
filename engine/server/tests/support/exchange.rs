//! An engine and a carrier of our own that know each other.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use caller::carrier::{CarrierOptions, Faults};
use caller::{CallPlan, Script, Step};
use types::{CallRecord, Secret};
use wire::telnyx::signature::SigningKey;

use super::shop::Shop;
use super::stub::API_KEY;
use super::{SOON, Site, holds_within};

/// What the carrier signs with.
const SEED: [u8; 32] = [42; 32];

/// The carrier needs the engine's address and the engine the carrier's: both are fixed before.
pub(crate) struct Ports {
    pub(crate) front: u16,
    pub(crate) media: u16,
    pub(crate) api: u16,
}

impl Ports {
    /// Ports nobody has.
    pub(crate) fn free() -> Self {
        // Held together, so that they differ; free again once this returns.
        let held = [0; 3].map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [front, media, api] =
            held.each_ref().map(|listener| listener.local_addr().expect("an address").port());
        Self { front, media, api }
    }

    /// The engine's settings.
    pub(crate) fn settings(&self) -> String {
        let key = SigningKey::from_seed(&SEED).public_key().to_base64();
        let Self { front, media, api } = self;
        format!(
            r#"
[media]
access = "token"
calls_max = 400
[front]
listen = "127.0.0.1:{front}"
public_url = "http://127.0.0.1:{front}"
media_url = "ws://127.0.0.1:{media}"
public_keys = ["{key}"]
api_url = "http://127.0.0.1:{api}/v2"
connections = ["2811000000000000001"]
socket_wait_ms = 1500
start_wait_ms = 1000
sweep_s = 2
[limits]
calls_max = 400
starts_per_s_max = 1000
"#
        )
    }

    /// The carrier's.
    pub(crate) fn options(&self, faults: Faults) -> CarrierOptions {
        let url = format!("http://127.0.0.1:{}", self.front);
        CarrierOptions {
            listen: ([127, 0, 0, 1], self.api).into(),
            api_key: Some(Secret::new(API_KEY.to_owned())),
            signing_seed: SEED,
            texml_url: Some(format!("{url}/texml")),
            texml_status_url: Some(format!("{url}/texml")),
            faults,
            ..CarrierOptions::new(format!("{url}/webhooks/telnyx"))
        }
    }
}

/// A plan to ring this shop.
pub(crate) fn call(shop: &Shop, steps: Vec<Step>) -> CallPlan {
    let to = shop.number.parse().expect("a number");
    let from = "+12125550199".parse().ok();
    CallPlan { from, ..CallPlan::new("", to, Script { steps }) }
}

/// Every record of this state directory, by the carrier's name of its call.
pub(crate) fn records(state: &Path) -> HashMap<String, Vec<CallRecord>> {
    let mut found: HashMap<String, Vec<CallRecord>> = HashMap::new();
    let Ok(shops) = fs::read_dir(state.join("calls")) else { return found };
    for shop in shops.filter_map(Result::ok) {
        for folder in fs::read_dir(shop.path()).expect("a folder").filter_map(Result::ok) {
            let Ok(json) = fs::read(folder.path().join("call.json")) else { continue };
            let record: CallRecord = serde_json::from_slice(&json).expect("a record");
            found.entry(record.parties.carrier_call.clone()).or_default().push(record);
        }
    }
    found
}

/// Waits until the engine follows no leg and carries no call.
pub(crate) async fn let_go(site: &Site) {
    let node = site.engine.node.clone();
    let done = move || node.legs_live() == 0 && node.calls_live() == 0;
    let waited = tokio::task::spawn_blocking(move || holds_within(SOON, done));
    assert!(waited.await.expect("a look"), "the engine still follows a leg");
}
