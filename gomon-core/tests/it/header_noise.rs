//! A million headers that nobody meant: none panics, all results are bounded, what is written is
//! read back as it was.

use gomon_core::testing::Recorder;
use gomon_core::{B3, Baggage, Context, Propagation, TraceState};

/// Headers that are nearly right, drawn from a seed.
struct Noise {
    state: u64,
    seeds: &'static [&'static str],
}

impl Noise {
    fn of(count: u32, seeds: &'static [&'static str]) -> impl Iterator<Item = Vec<u8>> {
        let mut noise = Self {
            state: 0x9e37_79b9_7f4a_7c15,
            seeds,
        };
        (0..count).map(move |_| noise.header())
    }

    /// xorshift64 (Marsaglia, 2003).
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 32).unwrap_or(0) % end.max(1)
    }

    fn header(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        let mut header = self.seeds[at].as_bytes().to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(header.len());
            let byte = match self.below(3) {
                0 => b",;=-%@ \t0afzA\"\\\xff\x00"[self.below(17)],
                _ => u8::try_from(self.below(256)).unwrap_or(0),
            };
            match self.below(4) {
                0 if !header.is_empty() => header[at] = byte,
                1 => header.insert(at, byte),
                2 => header.truncate(at),
                _ => header.extend_from_within(at..),
            }
        }
        header
    }
}

#[test]
fn any_traceparent_and_b3_header_gives_a_context_that_can_be_sent_again() {
    let _running = Recorder::new();
    let propagation = Propagation::new().b3(B3::Single);
    let seeds = &[
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-more",
        "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90",
        "64fe8b2a57d3eff7-e457b5a2e4d86bd1",
    ];
    let (count, mut valid) = (600_000, 0);
    for header in Noise::of(count, seeds) {
        let found = propagation.extract(|name, each| match name {
            "traceparent" | "b3" => each(&header),
            _ => {}
        });
        let Some(sent) = found.traceparent() else {
            continue;
        };
        valid += 1;
        let again = Context::from_traceparent(sent.as_str().as_bytes()).unwrap();
        assert_eq!(again.trace_id(), found.trace_id());
        assert_eq!(again.span_id(), found.span_id());
    }
    assert!(valid > count / 10, "{valid}: the noise is too loud");
}

#[test]
fn any_tracestate_is_bounded_and_reads_back_as_it_was() {
    let seeds = &[
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "fw529a3039@dt=FfAAAAAA,foo=1 \t , \t bar=2,a=b c",
    ];
    let (count, mut valid) = (250_000, 0);
    for header in Noise::of(count, seeds) {
        let state = TraceState::parse([header.as_slice()]);
        let text = state.as_str();
        assert!(text.len() <= 512 && state.iter().count() <= 32);
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        assert_eq!(TraceState::parse([text.as_bytes()]), state);
        valid += u32::from(!state.is_empty());
    }
    assert!(valid > count / 10, "{valid}: the noise is too loud");
}

#[test]
fn any_baggage_is_bounded_and_reads_back_as_it_was() {
    let seeds = &[
        "userId=alice,serverNode=DF%2028,isProduction=false",
        "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue",
    ];
    let (count, mut valid) = (100_000, 0);
    for header in Noise::of(count, seeds) {
        let baggage = Baggage::parse([header.as_slice()]);
        let text = baggage.as_str();
        assert!(text.len() <= 8192 && baggage.iter().count() <= 64);
        assert!(text.bytes().all(|byte| matches!(byte, b'!'..=b'~')));
        assert_eq!(Baggage::parse([text.as_bytes()]), baggage);
        valid += u32::from(!baggage.is_empty());
    }
    assert!(valid > count / 10, "{valid}: the noise is too loud");
}

#[test]
fn a_baggage_of_any_text_is_written_and_read_back() {
    for value in Noise::of(50_000, &["any text €, \"quoted\"; a=b%20\\ \u{1f600}"]) {
        let value = String::from_utf8_lossy(&value);
        let mut baggage = Baggage::new();
        baggage.insert("key", &value).unwrap();
        let read = Baggage::parse([baggage.as_str().as_bytes()]);
        assert_eq!(read.get("key").unwrap(), value);
    }
}

#[test]
fn a_megabyte_of_one_token_is_bounded_too_and_does_not_take_for_ever() {
    for token in [
        ",", ";", "=", "%", "%2", "%20", " ", "a", "a=1,", "a=1;", "a=,", "@", "-", "\"", "\u{e9}",
    ] {
        let header = token.repeat((1 << 20) / token.len()).into_bytes();
        assert!(TraceState::parse([header.as_slice()]).as_str().len() <= 512);
        assert!(Baggage::parse([header.as_slice()]).as_str().len() <= 8192);
        assert!(Context::from_traceparent(&header).is_none());
        let mut baggage = Baggage::new();
        let text = String::from_utf8_lossy(&header);
        assert!(baggage.insert("key", &text).is_err() && baggage.insert(&text, "").is_err());
    }
}
