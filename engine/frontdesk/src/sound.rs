//! How words sound over a telephone line: spelling to rough phones, and how far two of them are
//! apart.

use std::sync::LazyLock;

/// The phones of a word or of several words joined: one ASCII letter per phone.
pub(crate) type Sound = Vec<u8>;

/// The rough phones of `word`, which holds lower-case ASCII letters and digits only.
///
/// Vowel letters in a row count as one vowel, silent letters are dropped, `S` is *sh*, `C` is *ch*,
/// `J` is *dg*,
/// `T` is *th*.
pub(crate) fn sound(word: &str) -> Sound {
    let letters = word.as_bytes();
    let mut phones = Sound::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let (phone, taken) = next_phone(letters, at);
        for &symbol in phone {
            if phones.last() != Some(&symbol) {
                phones.push(symbol);
            }
        }
        at += taken;
    }
    phones
}

/// How alike two sounds are: 1 is the same, 0 has nothing in common.
pub(crate) fn likeness(left: &[u8], right: &[u8]) -> f32 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let weight = |phones: &[u8]| phones.iter().map(|&phone| drop_cost(phone)).sum::<f32>();
    let longest = weight(left).max(weight(right));
    (1.0 - distance(left, right) / longest).max(0.0)
}

/// The consonants of a sound as bits, alike ones together: sounds with few in common are not alike.
pub(crate) fn consonants(sound: &[u8]) -> u32 {
    sound.iter().fold(0, |bits, phone| {
        bits | match phone {
            b'p' | b'b' => 1,
            b't' | b'd' | b'T' => 1 << 1,
            b'k' | b'g' => 1 << 2,
            b'f' | b'v' => 1 << 3,
            b's' | b'z' | b'S' | b'C' | b'J' => 1 << 4,
            b'm' | b'n' => 1 << 5,
            b'l' => 1 << 6,
            b'r' => 1 << 7,
            b'w' | b'y' => 1 << 8,
            b'h' => 1 << 9,
            _ => 0,
        }
    })
}

/// Whether sounds with these [`consonants`] can be alike at all.
pub(crate) fn may_be_alike(left: u32, right: u32) -> bool {
    (left ^ right).count_ones() * 2 <= (left & right).count_ones() + 2
}

/// What it costs to turn one sound into the other.
fn distance(left: &[u8], right: &[u8]) -> f32 {
    let mut row: Vec<f32> = Vec::with_capacity(right.len() + 1);
    row.push(0.0);
    for &phone in right {
        row.push(row[row.len() - 1] + drop_cost(phone));
    }
    for &from in left {
        let swaps = &SWAPS[usize::from(from & 0x7f)];
        let from_drop = drop_cost(from);
        let mut diagonal = row[0];
        row[0] += from_drop;
        for (at, &to) in right.iter().enumerate() {
            let swapped = diagonal + swaps[usize::from(to & 0x7f)];
            let dropped = row[at + 1] + from_drop;
            let added = row[at] + drop_cost(to);
            diagonal = row[at + 1];
            row[at + 1] = swapped.min(dropped).min(added);
        }
    }
    row[right.len()]
}

/// [`swap_cost`] of any two phones.
static SWAPS: LazyLock<Box<[[f32; 128]; 128]>> = LazyLock::new(|| {
    let mut swaps = Box::new([[0.0; 128]; 128]);
    for from in 0..128_u8 {
        for to in 0..128_u8 {
            swaps[usize::from(from)][usize::from(to)] = swap_cost(from, to);
        }
    }
    swaps
});

/// What it costs to lose a phone. Vowels and breath are the first that a narrow band loses.
fn drop_cost(phone: u8) -> f32 {
    match phone {
        b'a' | b'e' | b'i' | b'o' | b'u' | b'h' => 0.45,
        b'w' | b'y' => 0.45,
        _ => 0.9,
    }
}

/// What it costs to take one phone for another: less for those a telephone makes alike.
fn swap_cost(from: u8, to: u8) -> f32 {
    const VOWELS: &[u8] = b"aeiouy";
    /// Groups of phones that differ by voice, by place or by a hiss above 3.4 kHz.
    const ALIKE: [(&[u8], f32); 16] = [
        (b"pb", 0.35),
        (b"td", 0.35),
        (b"kg", 0.35),
        (b"fv", 0.35),
        (b"sz", 0.25),
        (b"CJ", 0.35),
        (b"SC", 0.4),
        (b"SJ", 0.4),
        (b"Tf", 0.35),
        (b"Tsd", 0.45),
        (b"Tt", 0.45),
        (b"mn", 0.35),
        (b"sf", 0.45),
        (b"sS", 0.4),
        (b"ptk", 0.6),
        (b"bdg", 0.6),
    ];
    if from == to {
        return 0.0;
    }
    if VOWELS.contains(&from) && VOWELS.contains(&to) {
        return 0.25;
    }
    ALIKE
        .iter()
        .filter(|(group, _)| group.contains(&from) && group.contains(&to))
        .map(|&(_, cost)| cost)
        .fold(1.0, f32::min)
}

/// The phones that the letters at `at` stand for, and how many letters that takes.
fn next_phone(letters: &[u8], at: usize) -> (&'static [u8], usize) {
    /// Longest first among those that begin alike.
    const CLUSTERS: [(&[u8], &[u8]); 24] = [
        (b"tion", b"Sun"),
        (b"sion", b"Sun"),
        (b"tch", b"C"),
        (b"dge", b"J"),
        (b"igh", b"i"),
        (b"eigh", b"e"),
        (b"sch", b"sk"),
        (b"ph", b"f"),
        (b"ck", b"k"),
        (b"sh", b"S"),
        (b"ch", b"C"),
        (b"th", b"T"),
        (b"wh", b"w"),
        (b"gh", b""),
        (b"qu", b"kw"),
        (b"kn", b"n"),
        (b"wr", b"r"),
        (b"ce", b"se"),
        (b"ci", b"si"),
        (b"cy", b"si"),
        (b"ge", b"Je"),
        (b"gi", b"Ji"),
        (b"gy", b"Ji"),
        (b"mb", b"m"),
    ];
    let rest = &letters[at..];
    for (cluster, phones) in CLUSTERS {
        if !rest.starts_with(cluster) {
            continue;
        }
        let ends_word = rest.len() == cluster.len();
        match cluster {
            // A silent letter only at the beginning of a word, `mb` only at its end.
            b"kn" | b"wr" if at != 0 => continue,
            b"mb" if !ends_word => continue,
            // A final e is silent.
            b"ce" if ends_word => return (b"s", 2),
            b"ge" if ends_word => return (b"J", 2),
            _ => return (phones, cluster.len()),
        }
    }
    match letters[at] {
        vowel if is_vowel(vowel) => vowels(letters, at),
        // "Tow" ends as "toe" does.
        b'w' if at > 0 && at + 1 == letters.len() && is_vowel(letters[at - 1]) => (b"", 1),
        b'y' => (if at == 0 { b"y" } else { b"i" }, 1),
        b'c' | b'q' => (b"k", 1),
        b'x' => (b"ks", 1),
        other => (one(other), 1),
    }
}

/// One vowel for all vowel letters in a row; nothing for a silent final e.
fn vowels(letters: &[u8], at: usize) -> (&'static [u8], usize) {
    let run = letters[at..].iter().take_while(|&&letter| is_vowel(letter)).count();
    let ends_word = at + run == letters.len();
    if ends_word && run == 1 && letters[at] == b'e' && at > 1 {
        return (b"", 1);
    }
    (one(letters[at]), run)
}

const fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// The letter itself, as a slice.
fn one(letter: u8) -> &'static [u8] {
    const ALL: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    match ALL.iter().position(|&known| known == letter) {
        Some(at) => &ALL[at..=at],
        None => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(left: &str, right: &str) -> f32 {
        likeness(&sound(left), &sound(right))
    }

    #[test]
    fn misheard_words_are_near_and_other_words_are_far() {
        for (left, right) in [
            ("cleaning", "gleaming"),
            ("tarethensheet", "tearathinsheet"),
            ("roots", "routes"),
            ("brakes", "breaks"),
            ("filling", "feeling"),
            ("alignment", "aline meant"),
            ("whitening", "widening"),
            ("balayage", "bally ash"),
        ] {
            let right = right.replace(' ', "");
            assert!(like(left, &right) >= 0.75, "{left} {right} {}", like(left, &right));
        }
        for (left, right) in [
            ("crown", "clown car"),
            ("sunday", "monday"),
            ("haircut", "parking"),
            ("oil", "tire"),
            ("cleaning", "filling"),
            ("beard", "bridal"),
        ] {
            assert!(like(left, right) < 0.82, "{left} {right} {}", like(left, right));
        }
    }

    #[test]
    fn nothing_sounds_like_nothing() {
        assert_eq!(likeness(b"", b"k"), 0.0);
        assert_eq!(sound(""), b"");
        assert_eq!(sound("knight"), b"nit");
    }
}
