use types::{Encoding, SampleRate};

use super::*;

const ALAW: AudioFormat = AudioFormat { encoding: Encoding::Pcma, rate: SampleRate::Hz8000 };

/// All frames that are there, as bytes.
fn codes(inbound: &mut Inbound) -> Vec<Option<Vec<u8>>> {
    let mut frame = Vec::new();
    let mut frames = Vec::new();
    while inbound.poll_frame(&mut frame).is_some() {
        frames.push(inbound.frame_codes().map(<[u8]>::to_vec));
    }
    frames
}

#[test]
fn a_mu_law_legs_bytes_come_out_as_they_came_in_whatever_their_portions() {
    let mut inbound = Inbound::new(AudioFormat::PCMU_8K).unwrap();
    // Both zeros: decoding and encoding again would make one of them.
    let sent: Vec<u8> = (0..=255).cycle().take(1_600).collect();
    let mut heard = Vec::new();
    for (chunk, portion) in (1..).zip(sent.chunks(107)) {
        inbound.handle_media(CallTime::ZERO, Some(chunk), portion).unwrap();
        heard.extend(codes(&mut inbound).into_iter().flatten().flatten());
    }
    assert_eq!(heard, sent[..heard.len()]);
    assert!(1_400 <= heard.len());
}

#[test]
fn what_is_made_up_has_bytes_too_and_what_follows_stays_in_its_place() {
    let mut inbound = Inbound::new(AudioFormat::PCMU_8K).unwrap();
    inbound.handle_media(CallTime::ZERO, Some(1), &[0x10; 160]).unwrap();
    inbound.handle_media(CallTime::ZERO, Some(3), &[0x33; 160]).unwrap();
    inbound.handle_timeout(CallTime::from_millis(60));
    let frames = codes(&mut inbound);
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[0], Some(vec![0x10; 160]));
    assert_eq!(frames[1].as_ref().map(Vec::len), Some(160));
    assert_eq!(frames[2], Some(vec![0x33; 160]));
}

#[test]
fn a_leg_of_another_format_has_none_also_after_a_restart() {
    let mut inbound = Inbound::new(ALAW).unwrap();
    inbound.handle_media(CallTime::ZERO, Some(1), &[0x10; 160]).unwrap();
    assert_eq!(codes(&mut inbound), [None]);
    inbound.restart(AudioFormat::PCMU_8K).unwrap();
    inbound.handle_media(CallTime::ZERO, Some(1), &[0x22; 160]).unwrap();
    assert_eq!(codes(&mut inbound), [Some(vec![0x22; 160])]);
    inbound.handle_media(CallTime::ZERO, Some(2), &[0x23; 80]).unwrap();
    inbound.restart(ALAW).unwrap();
    inbound.handle_media(CallTime::ZERO, Some(1), &[0x10; 160]).unwrap();
    let frames = codes(&mut inbound);
    assert_eq!(frames.last(), Some(&None));
}
