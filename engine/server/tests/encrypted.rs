//! The engine with all its doors encrypted and streams ordered with the answer: webhooks over https,
//! media over wss, and a certificate exchanged while calls are up.

mod support;

use std::path::{Path, PathBuf};

use caller::carrier::{CarrierOptions, FakeCarrier, Faults, Happened, RingPlan, StreamNews, Trust};
use caller::{Gate, Step};
use support::exchange::{Ports, call, let_go};
use support::raw::block_on;
use support::rings::{GREETED, wait_at};
use support::shop::Shop;
use support::{SOON, Site, scratch, wait_for};
use types::{DtmfDigit, EndReason, Millis};

/// The engine's certificate and key.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

impl Pair {
    /// A new pair in the place of the old one; the certificate, to be trusted.
    fn write(&self) -> reqwest::Certificate {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
        std::fs::write(&self.certificate, made.cert.pem()).expect("a writable directory");
        std::fs::write(&self.key, made.signing_key.serialize_pem()).expect("a writable directory");
        reqwest::Certificate::from_der(made.cert.der()).expect("a certificate")
    }

    /// `settings` with every door behind this pair, and streams ordered with the answer.
    fn settings(&self, settings: &str) -> String {
        let path = |path: &Path| path.display().to_string();
        let tls = format!(
            "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\nreload_s = 1\n",
            path(&self.certificate),
            path(&self.key)
        );
        let settings = settings
            .replace("ws://", "wss://")
            .replace("public_url = \"http://", "public_url = \"https://")
            .replace("[media]\n", "[media]\ntls = \"on\"\n")
            .replace("[front]\n", "[front]\ntls = \"on\"\nstreaming = \"inline\"\n");
        settings + &tls
    }
}

/// What the front door answers to somebody who trusts this certificate and no other.
async fn asks(front: u16, trusted: &reqwest::Certificate) -> Option<u16> {
    let client = reqwest::Client::builder().tls_certs_only([trusted.clone()]);
    let client = client.build().expect("a client");
    let url = format!("https://localhost:{front}/webhooks/telnyx");
    let answer = client.post(url).body("{}").send().await;
    answer.ok().map(|answer| answer.status().as_u16())
}

#[test]
fn calls_outlive_their_certificate_and_stream_with_the_answer() {
    server::listen::tls::install_provider();
    let dir = scratch("encrypted-pair");
    let pair = Pair { certificate: dir.join("cert.pem"), key: dir.join("key.pem") };
    let old = pair.write();
    let (shop, ports) = (Shop::new(0), Ports::free());
    let settings = pair.settings(&ports.settings());
    let shops = std::slice::from_ref(&shop);
    let site = Site::start_at("encrypted", shops, &settings, Some(ports.media));
    let url = format!("https://127.0.0.1:{}/webhooks/telnyx", ports.front);
    let options = CarrierOptions {
        trust: Trust::Anything,
        webhook_url: url,
        ..ports.options(Faults::default())
    };
    let gate = Gate::default();
    let zero = vec![DtmfDigit::new('0').expect("a key"), DtmfDigit::new('#').expect("a key")];
    let (first, second) = block_on(async {
        let carrier = FakeCarrier::start(options).await.expect("a carrier");
        let mut news = carrier.watch();
        let steps = vec![
            Step::WaitForReply(GREETED),
            wait_at(&gate),
            Step::Dtmf { digits: zero },
            Step::Pause { span: Millis::from_secs(8) },
            Step::HangUp,
        ];
        let first = carrier.ring(RingPlan::new(call(&shop, steps))).expect("a leg");
        while news.recv().await.expect("news").what != Happened::Stream(StreamNews::FirstMedia) {}
        assert_eq!(asks(ports.front, &old).await, Some(400), "encrypted, and no signature");
        let new = pair.write();
        let taken = || site.count("apex_tls_reloads_total") == 1;
        wait_for("the new certificate", SOON, taken);
        assert_eq!(asks(ports.front, &old).await, None, "the old one is no more");
        assert_eq!(asks(ports.front, &new).await, Some(400));
        // Who came with the old one goes on, and others come with the new one.
        gate.open();
        let steps = vec![Step::WaitForReply(GREETED), Step::HangUp];
        let second = carrier.ring(RingPlan::new(call(&shop, steps))).expect("a leg");
        let second = second.ended().await.expect("an end");
        let first = first.ended().await.expect("an end");
        let_go(&site).await;
        assert_eq!(carrier.legs_live(), 0, "no leg is left at the carrier");
        (first, second)
    });
    for report in [&first, &second] {
        let call = report.call.as_ref().expect("a call");
        assert!(call.greeting.is_some(), "greeted: {:?}", report.entries);
        assert_eq!((report.done("answer"), report.done("streaming_start")), (1, 0), "with it");
        let (record, _) = site.record(&shop.id, &report.call_control_id);
        assert_eq!(record.ended, EndReason::CallerHungUp);
    }
    let (record, _) = site.record(&shop.id, &first.call_control_id);
    let answered = record.turns.get(1).expect("an answer to the keys");
    assert!(!answered.heard.reveal().is_empty(), "heard over the connection of before");
    site.engine.stop(Millis::ZERO);
}
