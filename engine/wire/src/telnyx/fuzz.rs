//! Entry points for a fuzzer.

use super::carrier::{Command, decode_command};
use super::{Message, command, decode, decode_thoroughly, reply, signature, texml, webhook};

/// Decodes any bytes as a message of the carrier; both ways of decoding agree.
///
/// # Panics
/// If they do not.
pub fn fuzz_telnyx_message(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let message = decode(&text);
    assert!(message == decode_thoroughly(&text), "the short cut decodes as the thorough way");
    match message {
        Ok(Message::Media(media)) => {
            let _ = media.decode_payload(&mut Vec::new());
        }
        Ok(Message::Start(start)) => drop(start.format()),
        Ok(
            Message::Connected(_)
            | Message::Dtmf(_)
            | Message::Mark(_)
            | Message::Error(_)
            | Message::Stop(_)
            | Message::Unknown { .. },
        )
        | Err(_) => (),
    }
}

/// Decodes any bytes as a command to the carrier.
pub fn fuzz_telnyx_command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(Command::Media { payload }) = decode_command(&text) {
        let _ = payload.decode(&mut Vec::new());
    }
}

/// Decodes any bytes as a webhook; what is one survives being written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_telnyx_webhook(bytes: &[u8]) {
    let Ok(first) = webhook::decode(bytes) else { return };
    let mut body = Vec::new();
    webhook::encode(&first, &mut body);
    let second = webhook::decode(&body).expect("what we write we read");
    assert!(first.id == second.id && first.leg == second.leg, "no name is lost");
    // The old envelope has no dots in names.
    let name = |webhook: &webhook::Webhook<'_>| webhook.event.name().replace('_', ".");
    assert!(name(&first) == name(&second), "an event stays what it is");
}

/// Checks any bytes as a signed webhook: none is believed.
///
/// # Panics
/// If one is.
pub fn fuzz_telnyx_signature(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (timestamp, signature, body) = (line(), line(), line());
    let keys: Vec<_> = signature::PublicKey::from_bytes([7; 32]).into_iter().collect();
    let verdict = signature::verify(&keys, timestamp, body.as_bytes(), signature, 1_700_000_000);
    assert!(verdict.is_err(), "nobody has this key's secret");
    let _ = signature::PublicKey::from_base64(&text);
}

/// Decodes any bytes as a command to the carrier's API: its first line the path, the rest the body.
/// What is one survives being written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_telnyx_rest_command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (path, body) = text.split_once('\n').unwrap_or((&text, ""));
    for method in command::Method::ALL {
        let Ok(request) = command::decode(*method, path, body.as_bytes()) else { continue };
        let encoded = request.encode();
        let again = command::decode(encoded.method, &encoded.path, &encoded.body);
        let again = again.expect("what we write we read");
        assert!(again.verb() == request.verb(), "a command stays what it is");
    }
}

/// Decodes any bytes as a reply of the carrier's API to each kind of request.
pub fn fuzz_telnyx_reply(bytes: &[u8]) {
    let id = || std::borrow::Cow::Borrowed("v3:x");
    let status = bytes.first().map_or(200, |byte| if byte % 2 == 0 { 200 } else { 422 });
    for command in [
        command::Command::Act { call_control_id: id(), action: command::Action::Hangup },
        command::Command::Dial(Box::default()),
        command::Command::GetCall { call_control_id: id() },
        command::Command::ActiveCalls { connection_id: id(), after: None, limit: None },
        command::Command::GetApplication { connection_id: id() },
        command::Command::ListNumbers { connection_id: id(), page: 1, limit: 20 },
    ] {
        if let Err(reply::ReplyError::Refused(refusal)) = reply::decode(&command, status, bytes) {
            let _ = (refusal.to_string(), refusal.is_leg_gone());
        }
    }
}

/// Decodes any bytes as a TeXML form, a stream's status and a document. A document survives being
/// written and read again.
///
/// # Panics
/// If it does not.
pub fn fuzz_telnyx_texml(bytes: &[u8]) {
    let _ = (texml::decode_request(bytes), texml::decode_stream_status(bytes));
    let Ok(verbs) = texml::decode_document(bytes) else { return };
    let text = texml::encode_document(&verbs);
    let again = texml::decode_document(text.as_bytes()).expect("what we write we read");
    let names = |verbs: &[texml::Verb<'_>]| -> Vec<String> {
        let is_written = |verb: &&texml::Verb<'_>| !matches!(verb, texml::Verb::Other { .. });
        verbs.iter().filter(is_written).map(|verb| verb.name().to_owned()).collect()
    };
    assert!(names(&verbs) == names(&again), "a verb stays what it is");
}
