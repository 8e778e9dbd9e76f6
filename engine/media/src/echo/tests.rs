use proptest::prelude::*;
use types::PTIME;

use super::*;

/// "He was not an ill-disposed young man", 3.5 s at 8 kHz, recorded.
fn clip() -> Vec<i16> {
    let bytes = include_bytes!("../../../speech/golden/clip.pcm");
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// Noise of about -62 dBFS, from a seed.
fn hiss(seed: u32, samples: usize) -> Vec<i16> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16 / 1_300
    };
    (0..samples).map(|_| next()).collect()
}

/// Sends `sent` and hears `heard`, both from the same moment on; what was seen in every frame.
fn run(guard: &mut EchoGuard, sent: &[i16], heard: &[i16]) -> Vec<Option<EchoSeen>> {
    let mut at = CallTime::from_millis(1_000);
    let mut seen = Vec::new();
    for (sent, heard) in sent.chunks_exact(160).zip(heard.chunks_exact(160)) {
        guard.sent(at, sent);
        seen.push(guard.heard(at, heard));
        at += PTIME;
    }
    seen
}

/// `voice`, `db` louder and `lag` later, with a little room behind it, over µ-law.
fn echo(voice: &[i16], db: f32, lag: usize) -> Vec<i16> {
    let gain = 10_f32.powf(db / 20.0);
    let mut heard: Vec<f32> = hiss(lag as u32, voice.len()).into_iter().map(f32::from).collect();
    for (tap, share) in [(0, 1.0), (23, -0.3), (61, 0.25), (133, -0.15)] {
        for at in lag * 8 + tap..voice.len() {
            heard[at] += gain * share * f32::from(voice[at - lag * 8 - tap]);
        }
    }
    let coded = |sample: f32| codecs::g711::ulaw_decode(codecs::g711::ulaw_encode(sample as i16));
    heard.into_iter().map(coded).collect()
}

fn loud(clip: &[i16]) -> Vec<i16> {
    clip.iter().map(|sample| sample.saturating_mul(2)).collect()
}

#[test]
fn our_own_voice_is_known_at_every_lag_and_level() {
    let voice = loud(&clip());
    for lag in [80, 133, 200, 297, 400] {
        for db in [-20.0, -28.0, -35.0] {
            let mut guard = EchoGuard::new(SampleRate::Hz8000);
            let seen = run(&mut guard, &voice, &echo(&voice, db, lag));
            let seen: Vec<_> = seen.into_iter().skip(lag / 20 + 15).flatten().collect();
            let alike = seen.iter().filter(|seen| 0.5 <= seen.likeness).count();
            assert!(60 < seen.len(), "{lag} ms, {db} dB: {}", seen.len());
            assert!(seen.len() * 9 <= alike * 10, "{lag} ms, {db} dB: {alike}/{}", seen.len());
            let path = guard.path().expect("the way is known");
            assert!(path.lag.get().abs_diff(lag as u32) <= 3, "{lag} ms: {path:?}");
            assert!((path.gain_db - db).abs() < 4.0, "{db} dB: {path:?}");
        }
    }
}

#[test]
fn somebody_else_is_not_us_even_with_an_echo_behind() {
    let voice = loud(&clip());
    // The same voice, saying something else: 1.7 s apart is no echo.
    let other: Vec<i16> = voice.iter().cycle().skip(1_700 * 8).take(voice.len()).copied().collect();
    let behind = echo(&voice, -20.0, 200);
    let both: Vec<i16> = other.iter().zip(&behind).map(|(a, b)| a.saturating_add(*b)).collect();
    for heard in [&other, &both] {
        let mut guard = EchoGuard::new(SampleRate::Hz8000);
        let seen = run(&mut guard, &voice, heard);
        let seen: Vec<_> = seen.into_iter().skip(15).flatten().collect();
        let alike = seen.iter().filter(|seen| 0.6 <= seen.likeness).count();
        assert!(alike * 20 <= seen.len(), "{alike}/{}", seen.len());
    }
}

#[test]
fn what_was_cleared_or_never_sent_is_no_reference() {
    let voice = loud(&clip());
    let mut guard = EchoGuard::new(SampleRate::Hz8000);
    assert_eq!(run(&mut guard, &[0; 16_000], &voice[..16_000]).into_iter().flatten().count(), 0);
    let mut guard = EchoGuard::new(SampleRate::Hz8000);
    // All of it lies ahead, and is dropped.
    for (number, frame) in (0_u64..).zip(voice[..1_600].chunks_exact(160)) {
        guard.sent(CallTime::from_millis(1_000 + number * 20), frame);
    }
    guard.clear(CallTime::from_millis(1_000));
    let heard = guard.heard(CallTime::from_millis(1_200), &voice[..160]);
    assert_eq!(heard, None);
}

#[test]
fn news_are_the_first_and_then_changes() {
    let seen = |likeness| Some(EchoSeen { likeness, lag: Millis::new(200), gain_db: -25.0 });
    let mut news = EchoNews::default();
    assert_eq!(news.speech(None), None);
    assert_eq!(news.speech(seen(0.8)), seen(0.8));
    for _ in 0..4 {
        assert_eq!(news.speech(seen(0.2)), None);
    }
    assert_eq!(news.speech(seen(0.2)), seen(0.2));
    for _ in 0..50 {
        assert_eq!(news.speech(seen(0.22)), None);
    }
    news.silence();
    assert_eq!(news.speech(seen(0.22)), seen(0.22));
}

proptest! {
    /// Whatever is sent and heard when, likeness is a share and lags have a bound.
    #[test]
    fn all_figures_stay_in_their_bounds(
        steps in prop::collection::vec((0_u64..400, 0_u64..400, 0_usize..320, any::<i16>()), 1..60),
    ) {
        let mut guard = EchoGuard::new(SampleRate::Hz16000);
        let (mut sent_at, mut heard_at) = (0, 0);
        for (sent, heard, count, sample) in steps {
            sent_at += sent;
            heard_at += heard;
            guard.sent(CallTime::from_millis(sent_at), &vec![sample; count]);
            if sample % 7 == 0 {
                guard.clear(CallTime::from_millis(sent_at.saturating_sub(heard)));
            }
            let frame = [sample.wrapping_mul(3); 160];
            if let Some(seen) = guard.heard(CallTime::from_millis(heard_at), &frame) {
                prop_assert!((0.0..=1.0).contains(&seen.likeness), "{seen:?}");
                prop_assert!(seen.lag < LAG_MAX && seen.gain_db.is_finite(), "{seen:?}");
            }
        }
    }
}
