//! Channels of other crates that carry the sender's context along, in a
//! [`Message`](crate::Message). Those of tokio are in [`sync`](crate::sync).

pub mod crossbeam;
