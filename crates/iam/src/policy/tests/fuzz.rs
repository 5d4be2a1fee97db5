//! Fuzzing without a fuzzer: seeded input that is mostly almost right, as many cases as an ordinary
//! test run bears, or for as long as `ROLEWRIGHT_FUZZ_SECONDS` says (`make fuzz`). A failure names
//! its seed; `ROLEWRIGHT_FUZZ_SEED` repeats it.

mod documents;
mod parser;
mod slowest;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A generator of numbers (`SplitMix64`). Equal seeds give equal numbers.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Dice(u64);

impl Dice {
    pub(in crate::policy) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::policy) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(in crate::policy) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound.max(1)
    }

    /// One of `items`.
    pub(in crate::policy) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// `text` after a few edits of bytes: removed, repeated, replaced, or words of `words` put in.
    /// What is no UTF-8 then is replaced, so that readers of text get it too.
    pub(in crate::policy) fn mutated(&mut self, text: &str, words: &[&str]) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(3) {
            let begin = self.below(bytes.len() + 1);
            let length =
                if self.below(8) > 0 { self.below(4) } else { self.below(bytes.len() + 1) };
            let end = (begin + length).min(bytes.len());
            match self.below(6) {
                0 => drop(bytes.drain(begin..end)),
                1 => {
                    let part = bytes[begin..end].to_vec();
                    let place = self.below(bytes.len() + 1);
                    bytes.splice(place..place, part);
                }
                2 if begin < bytes.len() => bytes[begin] = self.next().to_le_bytes()[0],
                3 if begin < bytes.len() => bytes[begin] ^= 1 << self.below(8),
                4 if self.below(4) == 0 => bytes.truncate(begin),
                _ => drop(bytes.splice(begin..begin, self.pick(words).bytes())),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Runs `case` with a new seed again and again: `cases` times, or for the seconds that the
/// environment asks for.
pub(in crate::policy) fn run(name: &str, cases: u64, mut case: impl FnMut(&mut Dice)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    if let Some(seed) = number("ROLEWRIGHT_FUZZ_SEED") {
        return case(&mut Dice(seed));
    }
    let seconds = number("ROLEWRIGHT_FUZZ_SECONDS");
    // An ordinary run is the same each time; a long one goes where none was before.
    let first = seconds
        .map_or(0, |_| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() << 24);
    let started = Instant::now();
    let mut done = 0;
    while seconds.map_or(done < cases, |seconds| started.elapsed() < Duration::from_secs(seconds)) {
        let seed = first.wrapping_add(done);
        let told = Told(seed);
        case(&mut Dice(seed));
        std::mem::forget(told);
        done += 1;
    }
    eprintln!("{name}: {done} cases in {:.0} s", started.elapsed().as_secs_f64());
}

/// Says the seed when a case panics.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("repeat it with ROLEWRIGHT_FUZZ_SEED={}", self.0);
    }
}
