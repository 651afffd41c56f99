//! Inputs, and others made of them by chance.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Longer ones are cut: what reads them has limits of its own, which other tests look for.
const BYTES_MAX: usize = 4 * 1024;

/// What parsers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\xff",
    b"\xc3\x28",
    b"\xf0\x9f\x98\x80",
    b"%00",
    b"%",
    b"%2f",
    b"..",
    b"\"",
    b"\\u0000",
    b"{",
    b"[[[[[[[[",
    b"]",
    b",",
    b":",
    b"=",
    b"-1",
    b"1e308",
    b"9007199254740992",
    b"9223372036854775808",
    b"18446744073709551616",
    b"null",
    b" ",
];

pub(crate) struct Corpus(Vec<Vec<u8>>);

impl Corpus {
    /// One input a line.
    pub(crate) fn read(text: &str) -> Self {
        Self(text.lines().map(unescaped).collect())
    }

    pub(crate) fn all(&self) -> Vec<Vec<u8>> {
        self.0.clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, input: Vec<u8>) {
        self.0.push(input);
    }

    /// One of them, changed in a few places.
    pub(crate) fn next(&self, chance: &mut StdRng) -> Vec<u8> {
        let mut input = self.0.choose(chance).cloned().unwrap_or_default();
        for _ in 0..chance.random_range(1..5) {
            self.change(&mut input, chance);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut StdRng) {
        let from = chance.random_range(0..=input.len());
        let to = chance.random_range(from..=input.len().min(from + 16));
        let part = input[from..to].to_vec();
        match chance.random_range(0..6) {
            0 => drop(input.drain(from..to)),
            1 => {
                let times = chance.random_range(1..20);
                input.splice(from..from, part.repeat(times));
            }
            2 => {
                input.splice(from..to, PIECES.choose(chance).copied().unwrap_or_default().iter().copied());
            }
            3 => {
                let mut random = vec![0; chance.random_range(1..5)];
                chance.fill(&mut random[..]);
                input.splice(from..to, random);
            }
            4 => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << chance.random_range(0..8);
                }
            }
            _ => {
                let other = self.0.choose(chance).map_or(&[][..], Vec::as_slice);
                let cut = chance.random_range(0..=other.len());
                input.truncate(from);
                input.extend_from_slice(&other[cut..]);
            }
        }
    }
}

/// The bytes of a line, in which `\n`, `\r`, `\t`, `\\` and `\xff` stand for what they do in Rust.
fn unescaped(line: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), line.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let (byte, length) = match (first, after) {
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            (b'\\', [quote @ (b'"' | b'\''), ..]) => (*quote, 2),
            (b'\\', [b'x', high, low, ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
                let value = digit(*high).zip(digit(*low)).expect("two digits");
                (value.0 * 16 + value.1, 4)
            }
            _ => (first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

#[test]
fn what_is_escaped_is_read_back() {
    for bytes in [&b"a \"b\" \\ c"[..], b"\r\n\t\0\xff\xc3\x28", b"\\x41\\n", b""] {
        assert_eq!(unescaped(&bytes.escape_ascii().to_string()), bytes);
    }
}
