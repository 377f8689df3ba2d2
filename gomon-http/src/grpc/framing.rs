/// Counts the messages in a body: each has a byte that says whether it is compressed and four with its length in front (gRPC over
/// HTTP/2, `Length-Prefixed-Message`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Framing {
    messages: u64,
    /// Of the prefix of the next one, and how many of its bytes are there.
    length: u32,
    prefix_bytes: u8,
    /// What is still to come of the message.
    left: u32,
    /// Some bytes were not seen: nothing is known of what follows.
    is_lost: bool,
}

impl Framing {
    /// The messages that began.
    pub(crate) fn messages(&self) -> Option<u64> {
        (!self.is_lost).then_some(self.messages)
    }

    pub(crate) fn lose(&mut self) {
        self.is_lost = true;
    }

    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = bytes
                    .len()
                    .min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= u32::try_from(skipped).unwrap_or(self.left);
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            if self.prefix_bytes > 0 {
                self.length = self.length << 8 | u32::from(*first);
            }
            self.prefix_bytes += 1;
            bytes = rest;
            if self.prefix_bytes == PREFIX_BYTES {
                self.messages += 1;
                self.left = std::mem::take(&mut self.length);
                self.prefix_bytes = 0;
            }
        }
    }
}

const PREFIX_BYTES: u8 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Vec<u8> {
        let lengths = [0_u32, 1, 300];
        let messages = lengths.map(|length| {
            let mut message = vec![0];
            message.extend(length.to_be_bytes());
            message.resize(message.len() + length as usize, b'x');
            message
        });
        messages.concat()
    }

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let body = body();
        for size in [1, 2, 3, 7, 100, body.len()] {
            let mut framing = Framing::default();
            body.chunks(size).for_each(|part| framing.pass(part));
            assert_eq!(framing.messages(), Some(3), "{size}");
        }
    }

    #[test]
    fn nothing_is_known_behind_a_gap() {
        let mut framing = Framing::default();
        framing.pass(&body());
        framing.lose();
        assert_eq!(framing.messages(), None);
    }
}
