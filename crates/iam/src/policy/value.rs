//! Values of conditions, read by the type of their operator: numbers, dates, addresses, Booleans.

use core::net::IpAddr;
use std::cmp::Ordering; // parsing alone; nothing here opens a connection

use jiff::Timestamp;

/// A decimal number, exact to every digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Significant digits without zeros at either end; empty for zero.
    digits: String,
    /// Power of ten of the first digit, plus one: 0 for `0.5`, 1 for `5`.
    magnitude: i64,
}

/// Longer powers of ten are no number of a request.
const EXPONENT_DIGITS: usize = 9;

impl Decimal {
    /// Reads `-12.50e3` and the like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if unsigned.is_empty() || unsigned.len() > EXPONENT_DIGITS || !is_digits(unsigned) {
            return None;
        }
        let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - significant.len()).ok()?;
        let digits = significant.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, magnitude: 0 });
        }
        let magnitude = i64::try_from(whole.len()).ok()? - leading + exponent;
        Some(Self { negative, digits, magnitude })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let size =
                self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { size.reverse() } else { size }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Display for Decimal {
    /// One spelling for each number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        let sign = if self.negative { "-" } else { "" };
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let zeros = self.magnitude - length;
        match usize::try_from(zeros) {
            Ok(zeros) if zeros <= 20 => write!(f, "{sign}{}{}", self.digits, "0".repeat(zeros)),
            _ => write!(f, "{sign}{}e{zeros}", self.digits),
        }
    }
}

/// An instant: ISO 8601 in the forms of the W3C (`2026`, `2026-01`, `2026-01-01`,
/// `2026-01-01T00:00Z`, with seconds and fractions), or seconds since 1970 of five digits and more.
/// `None` for anything else, a time without its zone too.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let full = match text.split_once('-').filter(|(year, _)| digits(year, 4)) {
        None if digits(text, 4) => format!("{text}-01-01T00:00:00Z"),
        None => {
            let seconds: i64 =
                text.parse().ok().filter(|_| text.trim_start_matches('-').len() > 4)?;
            return Timestamp::from_second(seconds).ok();
        }
        Some((_, month)) if digits(month, 2) => format!("{text}-01T00:00:00Z"),
        Some(_) => match text.split_once('T') {
            None => format!("{text}T00:00:00Z"),
            Some((date, time)) => {
                let zone = time.find(['Z', '+', '-'])?;
                let (clock, zone) = time.split_at(zone);
                let seconds = if clock.len() == 5 { ":00" } else { "" };
                format!("{date}T{clock}{seconds}{zone}")
            }
        },
    };
    full.parse().ok()
}

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    six: bool,
    /// Bits of the address, from the highest; those beyond the prefix are zero.
    bits: u128,
    /// Length of the prefix: at most 32, or 128.
    prefix: u8,
}

impl Network {
    /// Reads `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. Bits beyond the prefix are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix))
                if prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (address, Some(prefix.parse::<u8>().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let (six, bits, width) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(four) => (false, u128::from(u32::from(four)) << 96, 32),
            IpAddr::V6(six) => (true, u128::from(six), 128),
        };
        let prefix = prefix.unwrap_or(width);
        (prefix <= width).then(|| Self { six, bits: bits & mask(prefix), prefix })
    }

    /// Whether every address of `other` is in this block.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.six == other.six
            && self.prefix <= other.prefix
            && other.bits & mask(self.prefix) == self.bits
    }

    /// The first and the last address of this block.
    #[must_use]
    pub fn ends(&self) -> [String; 2] {
        let width = if self.six { 128 } else { 32 };
        let last = self.bits | (!mask(self.prefix) & mask(width));
        [self.bits, last].map(|bits| Self { bits, prefix: width, ..*self }.address())
    }

    fn address(&self) -> String {
        if self.six {
            return IpAddr::V6(self.bits.into()).to_string();
        }
        // The upper 32 bits hold the address, so nothing is cut.
        IpAddr::V4(u32::try_from(self.bits >> 96).unwrap_or_default().into()).to_string()
    }
}

impl std::fmt::Display for Network {
    /// One spelling for each block, always with its prefix.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(), self.prefix)
    }
}

fn mask(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

/// `true` or `false` in any letter case.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    [true, false]
        .into_iter()
        .find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.0", "1", Ordering::Equal)]
    #[case("100", "1e2", Ordering::Equal)]
    #[case("-0", "0", Ordering::Equal)]
    #[case("0.5", "5e-1", Ordering::Equal)]
    #[case("9007199254740993", "9007199254740992", Ordering::Greater)]
    #[case("-2", "-10", Ordering::Greater)]
    #[case("0.05", "0.5", Ordering::Less)]
    #[case("12", "2", Ordering::Greater)]
    #[case("-1", "0", Ordering::Less)]
    fn numbers_compare_by_value(#[case] left: &str, #[case] right: &str, #[case] order: Ordering) {
        let (left, right) = (Decimal::parse(left).unwrap(), Decimal::parse(right).unwrap());
        assert_eq!(left.cmp(&right), order);
        assert_eq!(left == right, order == Ordering::Equal);
        assert_eq!(left.to_string() == right.to_string(), order == Ordering::Equal);
        assert_eq!(Decimal::parse(&left.to_string()), Some(left));
    }

    #[rstest]
    #[case("")]
    #[case("-")]
    #[case(".")]
    #[case("1e")]
    #[case("1e9999999999")]
    #[case("0x1")]
    #[case("1 ")]
    #[case("NaN")]
    fn other_texts_are_no_numbers(#[case] text: &str) {
        assert_eq!(Decimal::parse(text), None);
    }

    #[rstest]
    #[case("2026-01-01T00:00:00Z", "1767225600")]
    #[case("2026", "2026-01-01")]
    #[case("2026-01", "2026-01-01T00:00Z")]
    #[case("2026-01-01T01:00+01:00", "2026-01-01T00:00:00.0Z")]
    fn one_instant_has_many_spellings(#[case] left: &str, #[case] right: &str) {
        assert_eq!(instant(left).unwrap(), instant(right).unwrap());
    }

    #[rstest]
    #[case("")]
    #[case("2026-13")]
    #[case("2026-01-01T00:00:00")]
    #[case("yesterday")]
    #[case("12")]
    #[case("2026-01-01T25:00Z")]
    fn other_texts_are_no_instants(#[case] text: &str) {
        assert_eq!(instant(text), None);
    }

    #[rstest]
    #[case("203.0.113.7", "203.0.113.7/32", true)]
    #[case("203.0.113.0/24", "203.0.113.7", true)]
    #[case("203.0.113.0/24", "203.0.112.0/23", false)]
    #[case("0.0.0.0/0", "255.255.255.255", true)]
    #[case("0.0.0.0/0", "::/0", false)]
    #[case("2001:db8::/32", "2001:DB8:0:1::7", true)]
    #[case("2001:db8::/32", "2001:db9::", false)]
    fn blocks_contain_blocks(#[case] wide: &str, #[case] narrow: &str, #[case] contains: bool) {
        assert_eq!(
            Network::parse(wide).unwrap().contains(&Network::parse(narrow).unwrap()),
            contains
        );
    }

    #[test]
    fn a_block_has_one_spelling() {
        for (text, spelled) in [
            ("203.0.113.7", "203.0.113.7/32"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:DB8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(Network::parse(text).unwrap().to_string(), spelled);
        }
        assert_eq!(Network::parse("10.1.2.3/8").unwrap().ends(), ["10.0.0.0", "10.255.255.255"]);
        assert_eq!(Network::parse("2001:db8::/126").unwrap().ends(), ["2001:db8::", "2001:db8::3"]);
        for text in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+8", "::/129", "*"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
