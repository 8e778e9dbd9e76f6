//! The recognizer's tokens: pieces of words, and the way from text to them and back.

use std::collections::HashMap;

/// A recognizer's table of tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokenTable {
    pieces: Vec<Vec<u8>>,
    by_piece: HashMap<Vec<u8>, u32>,
    alphabet: Alphabet,
}

/// What the smallest tokens are, of which a text is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Characters, with a mark of their own for a space (Moonshine).
    Characters,
    /// Bytes (Whisper).
    Bytes,
}

impl TokenTable {
    /// A table of `pieces`, by their numbers.
    pub(crate) fn new(pieces: Vec<Vec<u8>>, alphabet: Alphabet) -> Self {
        let first = match alphabet {
            Alphabet::Characters => FIRST_PIECE,
            Alphabet::Bytes => 0,
        };
        let numbered = pieces.iter().enumerate().skip(first);
        let by_piece = numbered
            .filter(|(_, piece)| !is_mark(piece))
            .map(|(index, piece)| (piece.clone(), index as u32))
            .collect();
        Self { pieces, by_piece, alphabet }
    }

    /// The text of `tokens`.
    pub(crate) fn decode(&self, tokens: &[u32]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens {
            match self.pieces.get(token as usize) {
                Some(piece) if is_mark(piece) => (),
                Some(piece) => bytes.extend_from_slice(piece),
                None => (),
            }
        }
        String::from_utf8_lossy(&bytes).replace(SPACE, " ").trim().to_owned()
    }

    /// The tokens of `text` as the model would write it after a space; `None` if it has a character
    /// that is no token.
    ///
    /// Byte pair encoding: of all neighbors the pair that was merged first in training, which is
    /// the one with the lowest number, is merged first.
    pub(crate) fn encode(&self, text: &str) -> Option<Vec<u32>> {
        let token = |piece: &[u8]| self.by_piece.get(piece).copied();
        let mut tokens: Vec<u32> = match self.alphabet {
            Alphabet::Characters => format!("{SPACE}{}", text.trim().replace(' ', SPACE))
                .chars()
                .map(|c| token(c.encode_utf8(&mut [0; 4]).as_bytes()))
                .collect::<Option<_>>()?,
            Alphabet::Bytes => format!(" {}", text.trim())
                .bytes()
                .map(|byte| token(&[byte]))
                .collect::<Option<_>>()?,
        };
        loop {
            let merged = |pair: &[u32]| {
                let piece = [
                    self.pieces[pair[0] as usize].as_slice(),
                    self.pieces[pair[1] as usize].as_slice(),
                ]
                .concat();
                self.by_piece.get(&piece).copied()
            };
            let best = tokens
                .windows(2)
                .enumerate()
                .filter_map(|(index, pair)| Some((merged(pair)?, index)))
                .min();
            let Some((token, index)) = best else { return Some(tokens) };
            tokens.splice(index..index + 2, [token]);
        }
    }
}

/// Marks of the model's own: `<s>`, `<<ST_0>>`.
fn is_mark(piece: &[u8]) -> bool {
    2 < piece.len() && piece[0] == b'<' && piece.ends_with(b">")
}

/// Reads the table of tokens: each a length in one byte, or in two (low seven bits first) if the
/// first is 128 or more, then as many bytes of UTF-8. `None` if it is cut short.
pub fn parse_tokens(table: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut tokens = Vec::new();
    let mut rest = table;
    while let Some((&first, after)) = rest.split_first() {
        let mut len = usize::from(first);
        rest = after;
        if 128 <= first {
            let (&second, after) = rest.split_first()?;
            len = usize::from(second) * 128 + usize::from(first) - 128;
            rest = after;
        }
        let (token, after) = rest.split_at_checked(len)?;
        tokens.push(token.to_vec());
        rest = after;
    }
    Some(tokens)
}

/// Reads Whisper's list of tokens: a line each, bytes written as GPT-2 does (openai/gpt-2,
/// encoder.py): printable Latin-1 stands for itself, the other bytes for the characters from U+0100
/// on, in their order. `None` if it is no UTF-8 or a line has another character.
///
/// Marks, which are written `<|…|>` in the file's last lines, are kept as they are.
pub fn parse_byte_tokens(list: &[u8]) -> Option<Vec<Vec<u8>>> {
    let list = std::str::from_utf8(list).ok()?;
    let others: Vec<u8> = (0..=u8::MAX).filter(|&byte| !is_printable(byte)).collect();
    let byte = |c: char| match u32::from(c) {
        code @ 0..=0xFF => Some(code as u8).filter(|&byte| is_printable(byte)),
        code => others.get(code as usize - 0x100).copied(),
    };
    list.lines().map(|line| line.chars().map(byte).collect()).collect()
}

/// Whether GPT-2 writes `byte` as the Latin-1 character it is.
fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// What stands for a space.
const SPACE: &str = "\u{2581}";

/// Below are three marks and the 256 single bytes, which no text is written with.
const FIRST_PIECE: usize = 259;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_of_either_length_are_read() {
        let mut table = vec![2, b'h', b'i', 130, 1];
        table.extend([b'x'; 130]);
        let tokens = parse_tokens(&table).unwrap();
        assert_eq!(tokens, [b"hi".to_vec(), vec![b'x'; 130]]);
        assert_eq!(parse_tokens(&table[..table.len() - 1]), None);
        assert_eq!(parse_tokens(&[128]), None);
    }

    /// A table in which pieces were merged in this order, from the letters of `_towel`.
    fn table() -> TokenTable {
        let mut pieces: Vec<Vec<u8>> = vec![b"<s>".to_vec(); FIRST_PIECE];
        // Letters have the highest numbers, as in the model's own table.
        for piece in
            ["\u{2581}t", "ow", "we", "\u{2581}tow", "el", "\u{2581}", "t", "o", "w", "e", "l"]
        {
            pieces.push(piece.as_bytes().to_vec());
        }
        TokenTable::new(pieces, Alphabet::Characters)
    }

    #[test]
    fn words_are_merged_in_the_order_of_the_table() {
        let table = table();
        let written = |text: &str| {
            let tokens = table.encode(text)?;
            let piece = |token: &u32| String::from_utf8(table.pieces[*token as usize].clone());
            let pieces: Vec<String> = tokens.iter().map(|token| piece(token).unwrap()).collect();
            Some(pieces.join("|").replace(SPACE, "_"))
        };
        assert_eq!(written("tow").unwrap(), "_tow");
        assert_eq!(written(" towel ").unwrap(), "_tow|el");
        // "ow" was merged before "we".
        assert_eq!(written("towe").unwrap(), "_tow|e");
        assert_eq!(written("we").unwrap(), "_|we");
        assert_eq!(written("tow we").unwrap(), "_tow|_|we");
        assert_eq!(written("toy"), None);
    }

    #[test]
    fn bytes_are_read_and_merged() {
        let mut lines: Vec<String> =
            (0x21..=0x7E).map(|code: u8| char::from(code).into()).collect();
        lines.extend(["\u{120}".into(), "Ã".into(), "©".into(), "\u{120}a".into()]);
        lines.extend(["Ã©".into(), "\u{120}ab".into(), "<|endoftext|>".into()]);
        let pieces = parse_byte_tokens(lines.join("\n").as_bytes()).unwrap();
        assert_eq!(pieces[94], b" ");
        assert_eq!(pieces[98], "é".as_bytes());
        let table = TokenTable::new(pieces, Alphabet::Bytes);
        let tokens = table.encode("ab aé").unwrap();
        assert_eq!(tokens, [99, 97, 98]);
        assert_eq!(table.decode(&[99, 100, 97, 98]), "ab aé");
        assert_eq!(table.encode("ü"), None);
        assert_eq!(parse_byte_tokens("\u{4e00}".as_bytes()), None);
        assert_eq!(parse_byte_tokens(&[0xFF]), None);
    }

    #[test]
    fn text_is_made_of_tokens_without_marks() {
        let table = table();
        let mut tokens = table.encode("tow el").unwrap();
        tokens.extend([0, u32::MAX]);
        assert_eq!(table.decode(&tokens), "tow el");
    }

    proptest! {
        #[test]
        fn any_table_is_read_or_refused(table in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = parse_tokens(&table);
            let _ = parse_byte_tokens(&table);
        }

        #[test]
        fn what_is_written_reads_the_same(text in "[towel]{1,8}( [towel]{1,8}){0,3}") {
            let table = table();
            let tokens = table.encode(&text).unwrap();
            prop_assert_eq!(table.decode(&tokens), text);
        }
    }
}
