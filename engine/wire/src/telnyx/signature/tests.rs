use proptest::prelude::*;

use super::*;

/// The vector of telnyx.md §2.4, taken by the carrier's own verifier.
const BODY: &[u8] = br#"{"data":{"record_type":"event","event_type":"call.initiated","id":"00000000-0000-4000-8000-000000000001"}}"#;
const SIGNATURE: &str =
    "e1Q/IUodldoS8FIuocjvddM4DbLT8jTCo5xH62PHS7EyrIYj0cK2k+T0UwdJz0gR6T273hhxZuMw884iCwG8Bg==";
const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const SIGNED_AT: u64 = 1_700_000_000;
const TIMESTAMP: &str = "1700000000";

fn key(first: u8) -> SigningKey {
    SigningKey::from_seed(&std::array::from_fn(|n| first.wrapping_add(n as u8)))
}

fn vector_key() -> PublicKey {
    PublicKey::from_base64(PUBLIC).unwrap()
}

#[test]
fn the_vector_verifies_and_is_what_we_sign() {
    assert_eq!(verify(&[vector_key()], TIMESTAMP, BODY, SIGNATURE, SIGNED_AT), Ok(()));
    assert_eq!(key(0).public_key().to_base64(), PUBLIC);
    assert_eq!(key(0).sign(TIMESTAMP, BODY), SIGNATURE);
}

#[test]
fn the_tolerance_is_300_seconds_to_either_side() {
    let at = |now| verify(&[vector_key()], TIMESTAMP, BODY, SIGNATURE, now);
    assert_eq!(at(SIGNED_AT + 300), Ok(()));
    assert_eq!(at(SIGNED_AT + 301), Err(SignatureError::Stale { seconds: 301 }));
    assert_eq!(at(SIGNED_AT - 300), Ok(()));
    assert_eq!(at(SIGNED_AT - 301), Err(SignatureError::Early { seconds: 301 }));
    assert_eq!(at(0), Err(SignatureError::Early { seconds: SIGNED_AT }));
    assert_eq!(at(u64::MAX), Err(SignatureError::Stale { seconds: u64::MAX - SIGNED_AT }));
}

#[test]
fn while_keys_are_replaced_both_are_taken() {
    let keys = [key(9).public_key(), vector_key()];
    assert_eq!(verify(&keys, TIMESTAMP, BODY, SIGNATURE, SIGNED_AT), Ok(()));
    assert_eq!(
        verify(&keys[..1], TIMESTAMP, BODY, SIGNATURE, SIGNED_AT),
        Err(SignatureError::Forged)
    );
    assert_eq!(verify(&[], TIMESTAMP, BODY, SIGNATURE, SIGNED_AT), Err(SignatureError::NoKey));
}

#[test]
fn what_was_changed_on_the_way_is_forged_and_what_is_malformed_says_so() {
    let check =
        |timestamp, body, signature| verify(&[vector_key()], timestamp, body, signature, SIGNED_AT);
    let spaced = [BODY, b" "].concat();
    assert_eq!(check(TIMESTAMP, &spaced, SIGNATURE), Err(SignatureError::Forged));
    // Another writing of the same second is another message.
    assert_eq!(check("01700000000", BODY, SIGNATURE), Err(SignatureError::Forged));
    assert_eq!(check("1700000001", BODY, SIGNATURE), Err(SignatureError::Forged));
    for timestamp in ["", "+1700000000", "-1", "1700000000.0", "soon", "99999999999999999999"] {
        assert_eq!(check(timestamp, BODY, SIGNATURE), Err(SignatureError::BadTimestamp));
    }
    for signature in ["", "AAAA", "not base64!", &SIGNATURE[..87]] {
        assert_eq!(check(TIMESTAMP, BODY, signature), Err(SignatureError::BadSignature));
    }
}

/// The order of the group, RFC 8032 §5.1: `s + L` names the same scalar, and strict verifiers refuse it.
#[test]
fn a_signature_written_another_way_is_forged() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = STANDARD.decode(SIGNATURE).unwrap();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let malleated = STANDARD.encode(bytes);
    assert_ne!(malleated, SIGNATURE);
    assert_eq!(
        verify(&[vector_key()], TIMESTAMP, BODY, &malleated, SIGNED_AT),
        Err(SignatureError::Forged)
    );
}

#[test]
fn keys_that_are_none_say_why() {
    assert_eq!(PublicKey::from_base64("?"), Err(KeyError::NotBase64));
    assert_eq!(PublicKey::from_base64("AAAA"), Err(KeyError::Length { bytes: 3 }));
    assert_eq!(PublicKey::from_bytes([0; 32]), Err(KeyError::Weak));
    for mut point in WEAK_POINTS {
        assert_eq!(PublicKey::from_bytes(point), Err(KeyError::Weak));
        point[31] |= 0x80;
        assert_eq!(PublicKey::from_bytes(point), Err(KeyError::Weak));
    }
    assert_eq!(PublicKey::from_base64(&format!(" {PUBLIC}\n")), Ok(vector_key()));
}

proptest! {
    #[test]
    fn what_a_key_signs_it_verifies_and_no_flipped_bit_does(
        seed in any::<[u8; 32]>(),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        at in any::<proptest::sample::Index>(),
    ) {
        let key = SigningKey::from_seed(&seed);
        let keys = [key.public_key()];
        let signature = key.sign(TIMESTAMP, &body);
        prop_assert_eq!(verify(&keys, TIMESTAMP, &body, &signature, SIGNED_AT), Ok(()));
        let mut bytes = STANDARD.decode(&signature).unwrap();
        let bit = at.index(512);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = STANDARD.encode(bytes);
        prop_assert_eq!(
            verify(&keys, TIMESTAMP, &body, &flipped, SIGNED_AT),
            Err(SignatureError::Forged)
        );
    }

    #[test]
    fn rubbish_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        crate::telnyx::fuzz_telnyx_signature(&bytes);
    }
}
