//! After a cancel returns, nothing of the reply is delivered.

use std::sync::atomic::Ordering;

use fake_vendors::{Fault, Plan};
use types::{AudioFormat, Millis};
use vendor::VoiceEvent;
use vendors::voices::SOUND_WAIT;

use super::support::{Call, Kind, far_side, generation};

/// How many replies are cut short per voice, unless the environment's `APEX_BARGE_INS` says more.
const BARGE_INS: u32 = 250;

const TEXTS: [&str; 3] =
    ["We are open from nine", "to five on every weekday", "and closed on Sundays."];

/// A small generator: the same seed, the same barge-ins.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sample_is_delivered_after_a_cancel_whatever_is_still_sent() {
    let barge_ins = std::env::var("APEX_BARGE_INS").ok().and_then(|count| count.parse().ok());
    let barge_ins: u32 = barge_ins.unwrap_or(BARGE_INS);
    for kind in Kind::ALL {
        let late = Fault::LateAudio { span: Millis::from_secs(3) };
        let far = far_side(kind, Plan { rest: vec![late], ..Plan::quick() }).await;
        let voice = kind.voice(&far, SOUND_WAIT);
        let mut call = Call::open(&*voice, AudioFormat::PCMU_8K);
        let mut chance = Chance(kind.protocol() as u64 + 1);
        let (mut cut_in_sound, mut after) = (0, 0);
        for turn in 1..=barge_ins {
            if kind == Kind::Aura && turn % 4 == 0 {
                // It speaks so many texts a minute, not more.
                call = Call::open(&*voice, AudioFormat::PCMU_8K);
            }
            call.ear.watch(turn);
            let asked = 1 + chance.below(TEXTS.len() as u64) as usize;
            for (number, text) in (0..).zip(&TEXTS[..asked]) {
                call.speak(turn, number, text);
            }
            let has_ended = chance.below(2) == 0;
            if has_ended {
                call.session.end(generation(turn));
            }
            // Anywhere from before the first sound to far into the reply.
            let wanted = chance.below(6);
            let mut sounds = 0;
            while sounds < wanted {
                match call.next().await {
                    VoiceEvent::Audio { generation: of, .. } if of == generation(turn) => {
                        sounds += 1
                    }
                    VoiceEvent::Audio { .. }
                    | VoiceEvent::SegmentDone { .. }
                    | VoiceEvent::Heard { .. } => (),
                    VoiceEvent::Failed { error, .. } => panic!("{kind:?} turn {turn}: {error}"),
                }
            }
            let heard = Millis::new(chance.below(900) as u32);
            call.session.cancel(generation(turn), heard);
            let at_return = call.ear.samples.load(Ordering::SeqCst);
            cut_in_sound += u64::from(0 < at_return);
            // What was in flight has the next reply's whole length to come through.
            let next = chance.below(4) == 0;
            if next {
                call.speak(barge_ins + turn, 0, TEXTS[2]);
                call.session.end(generation(barge_ins + turn));
                loop {
                    let event = call.next().await;
                    if matches!(event, VoiceEvent::SegmentDone { generation: of, .. } if of == generation(barge_ins + turn))
                    {
                        break;
                    }
                    assert!(
                        !matches!(event, VoiceEvent::Failed { .. }),
                        "{kind:?} {turn}: {event:?}"
                    );
                }
            } else {
                tokio::task::yield_now().await;
            }
            after += call.ear.samples.load(Ordering::SeqCst) - at_return;
        }
        assert!(u64::from(barge_ins) / 2 < cut_in_sound, "{kind:?}: {cut_in_sound} in mid-sound");
        assert_eq!(after, 0, "{kind:?}: samples after cancel");
    }
}
