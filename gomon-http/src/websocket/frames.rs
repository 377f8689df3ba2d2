/// One direction of a WebSocket, read as it passes (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frames {
    /// Messages that ended: of text or of bytes, however many frames they had.
    pub(crate) messages: u64,
    /// Bytes in them, as they passed: compressed ones where that was agreed on.
    pub(crate) bytes: u64,
    /// What the closing frame said; 1005 if it said nothing.
    pub(crate) close_code: Option<u16>,
    head: [u8; MOST_HEAD],
    head_len: u8,
    payload: Option<Payload>,
}

/// What is still to come of a frame.
#[derive(Clone, Copy, Debug)]
struct Payload {
    left: u64,
    /// How much of it was seen, and what it is masked with.
    seen: u64,
    mask: [u8; 4],
    opcode: u8,
    is_last: bool,
    code: [u8; 2],
}

impl Frames {
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.payload.take() {
                Some(payload) => self.pass_payload(payload, bytes),
                None => self.pass_head(bytes),
            };
        }
    }

    fn pass_payload<'a>(&mut self, mut payload: Payload, bytes: &'a [u8]) -> &'a [u8] {
        let len = bytes
            .len()
            .min(usize::try_from(payload.left).unwrap_or(usize::MAX));
        let (part, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        if payload.opcode == CLOSE {
            for byte in part {
                let at = usize::try_from(payload.seen).unwrap_or(usize::MAX);
                if let Some(place) = payload.code.get_mut(at) {
                    *place = byte ^ payload.mask.get(at % 4).unwrap_or(&0);
                }
                payload.seen += 1;
            }
        } else {
            payload.seen += len as u64;
        }
        payload.left -= len as u64;
        match payload.left {
            0 => self.ended(payload),
            _ => self.payload = Some(payload),
        }
        rest
    }

    /// One byte after the other: heads are short.
    fn pass_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some((first, rest)) = bytes.split_first() else {
            return bytes;
        };
        if let Some(place) = self.head.get_mut(usize::from(self.head_len)) {
            *place = *first;
        }
        self.head_len += 1;
        if let Some(payload) = self.read_head() {
            self.head_len = 0;
            match payload.left {
                0 => self.ended(payload),
                _ => self.payload = Some(payload),
            }
        }
        rest
    }

    /// The frame, once all of its head is there.
    fn read_head(&self) -> Option<Payload> {
        let head = self.head.get(..usize::from(self.head_len))?;
        let [first, second, rest @ ..] = head else {
            return None;
        };
        let (length_bytes, short) = match second & 0x7f {
            126 => (2, 0),
            127 => (8, 0),
            short => (0, u64::from(short)),
        };
        let length = rest.get(..length_bytes)?;
        let length = length
            .iter()
            .fold(short, |length, byte| length << 8 | u64::from(*byte));
        let mask = match second & 0x80 {
            0 => [0; 4],
            _ => rest.get(length_bytes..length_bytes + 4)?.try_into().ok()?,
        };
        Some(Payload {
            left: length,
            seen: 0,
            mask,
            opcode: first & 0x0f,
            is_last: first & 0x80 != 0,
            code: [0; 2],
        })
    }

    fn ended(&mut self, payload: Payload) {
        match payload.opcode {
            CONTINUATION | TEXT | BINARY => {
                self.bytes = self.bytes.saturating_add(payload.seen);
                self.messages += u64::from(payload.is_last);
            }
            CLOSE => {
                let code = match payload.seen {
                    2.. => u16::from_be_bytes(payload.code),
                    _ => NO_STATUS,
                };
                self.close_code.get_or_insert(code);
            }
            // Pings and pongs.
            _ => {}
        }
    }
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const NO_STATUS: u16 = 1005;
/// Two bytes, eight of length, four of mask.
const MOST_HEAD: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
        let mut frame = vec![first];
        let masked = if mask.is_some() { 0x80 } else { 0 };
        match payload.len() {
            len @ 0..126 => frame.push(masked | u8::try_from(len).unwrap()),
            len @ 126..0x1_0000 => {
                frame.push(masked | 126);
                frame.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                frame.push(masked | 127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend(mask.into_iter().flatten());
        let mask = mask.unwrap_or_default();
        frame.extend(
            payload
                .iter()
                .enumerate()
                .map(|(at, byte)| byte ^ mask[at % 4]),
        );
        frame
    }

    fn conversation(mask: Option<[u8; 4]>) -> Vec<u8> {
        [
            frame(0x81, b"hello", mask),
            frame(0x02, &[1; 300], mask),
            frame(0x89, b"ping", mask),
            frame(0x80, &[2; 70_000], mask),
            frame(0x81, b"", mask),
            frame(0x88, &[0x03, 0xe9, b'b', b'y', b'e'], mask),
        ]
        .concat()
    }

    #[test]
    fn messages_are_counted_however_they_are_framed_cut_and_masked() {
        for mask in [None, Some([1, 2, 3, 4])] {
            let conversation = conversation(mask);
            for size in [1, 3, 7, 1_000, conversation.len()] {
                let mut frames = Frames::default();
                conversation.chunks(size).for_each(|part| frames.pass(part));
                assert_eq!(frames.messages, 3, "{size}");
                assert_eq!(frames.bytes, 5 + 300 + 70_000);
                assert_eq!(frames.close_code, Some(1001));
            }
        }
    }

    #[test]
    fn a_closing_frame_may_say_nothing() {
        let mut frames = Frames::default();
        frames.pass(&frame(0x88, b"", None));
        assert_eq!(frames.close_code, Some(1005));
    }

    #[test]
    fn whatever_comes_does_no_harm() {
        let mut frames = Frames::default();
        let noise: Vec<u8> = (0..100_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1])
            .collect();
        noise.chunks(97).for_each(|part| frames.pass(part));
        frames.pass(&[
            0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1,
        ]);
    }
}
