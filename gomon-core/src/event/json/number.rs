//! Numbers and ids as JSON, without the formatting machinery of std.

use uuid::Uuid;

pub(super) fn integer(out: &mut String, value: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// The shortest text that reads back as the same float. JSON has no NaN and no infinities: these
/// become strings.
pub(super) fn float(out: &mut String, value: f64) {
    match value {
        _ if value.is_nan() => out.push_str("\"NaN\""),
        f64::INFINITY => out.push_str("\"Infinity\""),
        f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
        _ => out.push_str(zmij::Buffer::new().format_finite(value)),
    }
}

/// 32 lower-case hexadecimal digits.
pub(super) fn hex(out: &mut String, number: u128) {
    ascii(out, &digits(number.to_be_bytes()));
}

/// Text that is checked word by word: that begins at an address of a whole word.
#[repr(align(16))]
struct Aligned<const LEN: usize>([u8; LEN]);

/// The usual text of a UUID, in lower case.
pub(super) fn uuid(out: &mut String, id: Uuid) {
    let Aligned(digits) = digits(id.into_bytes());
    let mut aligned = Aligned([b'-'; 36]);
    let text = &mut aligned.0;
    text[..8].copy_from_slice(&digits[..8]);
    text[9..13].copy_from_slice(&digits[8..12]);
    text[14..18].copy_from_slice(&digits[12..16]);
    text[19..23].copy_from_slice(&digits[16..20]);
    text[24..].copy_from_slice(&digits[20..]);
    ascii(out, &aligned);
}

/// Two hexadecimal digits a byte: eight digits at a time, each in a byte of a word.
#[inline]
fn digits(bytes: [u8; 16]) -> Aligned<32> {
    let mut digits = Aligned([0; 32]);
    let (words, _) = bytes.as_chunks();
    for (eight, word) in digits.0.chunks_exact_mut(8).zip(words) {
        eight.copy_from_slice(&eight_digits(u32::from_be_bytes(*word)));
    }
    digits
}

#[inline]
fn eight_digits(number: u32) -> [u8; 8] {
    let mut word = u64::from(number);
    word = (word | word << 16) & 0x0000_ffff_0000_ffff;
    word = (word | word << 8) & 0x00ff_00ff_00ff_00ff;
    word = (word | word << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte whose digit is a letter.
    let letters = (word + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (word + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

/// Checking a few bytes costs less than formatting them would.
#[inline]
fn ascii<const LEN: usize>(out: &mut String, text: &Aligned<LEN>) {
    out.push_str(std::str::from_utf8(&text.0).unwrap_or(""));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn floats_read_back_as_themselves_and_the_rest_become_strings() {
        let numbers = [
            0.1,
            -0.0,
            1e300,
            1e16,
            1e-7,
            f64::MIN_POSITIVE,
            f64::MAX,
            3.0,
        ];
        for number in numbers {
            let json = text(|out| float(out, number));
            let read = serde_json::from_str::<f64>(&json).unwrap();
            assert_eq!(read.to_bits(), number.to_bits(), "{json}");
        }
        assert_eq!(text(|out| float(out, 3.0)), "3.0");
        assert_eq!(text(|out| float(out, f64::NAN)), "\"NaN\"");
        assert_eq!(text(|out| float(out, f64::INFINITY)), "\"Infinity\"");
        assert_eq!(text(|out| float(out, f64::NEG_INFINITY)), "\"-Infinity\"");
    }

    #[test]
    fn ids_are_written_as_std_and_uuid_write_them() {
        for number in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210] {
            assert_eq!(text(|out| hex(out, number)), format!("{number:032x}"));
            let id = Uuid::from_u128(number);
            assert_eq!(text(|out| uuid(out, id)), id.to_string());
        }
    }
}
