//! The bus against a reference: random programs record, flush, add, remove, block, disable and restart, with listeners
//! that refuse and panic. After each the ledger is held against what really arrived.
//!
//! `PROPTEST_CASES` says how many programs, 256 by default. One that fails is printed; it is not kept, since the threads
//! it needs never meet in the same way again.

mod probe;
mod world;

use proptest::prelude::*;

use crate::probe::Kind;
use crate::world::World;

/// What a program is made of. Numbers name a listener or an open event, modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    Record {
        count: u8,
        by: Thread,
    },
    /// An event that opens, and one that closes it.
    RecordLong,
    Open {
        unit: bool,
    },
    End(u8),
    Flush,
    Add(Kind),
    Remove(u8),
    Block(u8),
    Release(u8),
    Disable,
    Enable,
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Thread {
    This,
    ANewOne,
}

fn step() -> impl Strategy<Value = Step> {
    let by = prop_oneof![Just(Thread::This), Just(Thread::ANewOne)];
    prop_oneof![
        6 => (1..=40_u8, by).prop_map(|(count, by)| Step::Record { count, by }),
        1 => Just(Step::RecordLong),
        2 => any::<bool>().prop_map(|unit| Step::Open { unit }),
        2 => any::<u8>().prop_map(Step::End),
        4 => Just(Step::Flush),
        4 => kind().prop_map(Step::Add),
        2 => any::<u8>().prop_map(Step::Remove),
        1 => any::<u8>().prop_map(Step::Block),
        2 => any::<u8>().prop_map(Step::Release),
        1 => Just(Step::Disable),
        2 => Just(Step::Enable),
        1 => Just(Step::Restart),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Plain),
        1 => (2..10_u64).prop_map(Kind::Refusing),
        1 => (2..10_u64).prop_map(Kind::Panicking),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_record_is_delivered_once_or_counted_as_dropped(
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut world = World::start();
        for step in steps {
            world.take(step)?;
        }
        world.end()?;
    }
}
