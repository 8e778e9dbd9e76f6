//! A reply put together again from its segments.

/// The part of `said` that was not heard, if `heard` is the beginning of it, or ends with a
/// beginning of it: a resumed reply says only its rest.
pub(super) fn unheard<'a>(said: &'a str, heard: &str) -> &'a str {
    let cuts = said.char_indices().map(|(at, _)| at).chain([said.len()]).rev();
    let mut ends = cuts.filter(|&at| heard.ends_with(&said[..at]));
    let at = ends.next().unwrap_or(0);
    said[at..].trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_heard_follows_what_was() {
        let check = |said, heard, rest| assert_eq!(unheard(said, heard), rest, "{said} / {heard}");
        check("We open at nine.", "We open", "at nine.");
        check("We open at nine.", "We open at nine.", "");
        check("We open at nine.", "", "We open at nine.");
        // The second half of a reply that was resumed, cut again.
        check("at nine. Bye!", "We open at nine.", "Bye!");
        check("", "We open", "");
        check("über", "ü", "ber");
    }
}
