//! The parts of a segment, as a tree in a list.

use std::panic::Location;

use crate::aggregate::log_linear::LogLinear;
use crate::event::value::Tree;
use crate::keys;
use crate::segment::place;
use crate::segment::spent::Spent;

/// What a segment counts of its children.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// The one that was found last: the next run is mostly of it, or of the one after it.
    last: usize,
    /// Runs that found no place.
    cut: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(pub(super) u16);

/// What tells one child from another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) parent: Option<NodeId>,
    pub(super) name: &'static str,
    pub(super) location: &'static Location<'static>,
}

/// Where a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) node: NodeId,
    /// The run is inside another run of the same node, whose time has its time.
    pub(super) recursive: bool,
}

/// What a run took, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) nanos: u64,
    pub(super) spent: Spent,
}

#[derive(Clone, Debug)]
struct Node {
    key: Key,
    times: Times,
    /// What runs took that were inside others of this node.
    inner: u128,
    /// Of the runs that were in no other of this node.
    spent: Spent,
}

impl Nodes {
    /// Where a run of this key counts; a new child is made for a new one, and `None` is what there is if
    /// there are too many.
    #[inline]
    pub(super) fn find(&mut self, key: &Key) -> Option<Found> {
        // Its address is enough: most runs come from the same line as one before.
        let is_same = |node: &&Node| node.key.is_from_same_place(key);
        for at in [self.last, self.last + 1] {
            if self.nodes.get(at).as_ref().is_some_and(is_same) {
                self.last = at;
                return Found::own(at);
            }
        }
        self.search(key)
    }

    fn search(&mut self, key: &Key) -> Option<Found> {
        let mut ancestor = key.parent;
        while let Some(node) = ancestor {
            let found = self.nodes.get(usize::from(node.0))?;
            if found.key.is_alike(key) {
                let recursive = true;
                return Some(Found { node, recursive });
            }
            ancestor = found.key.parent;
        }
        let known = self
            .nodes
            .iter()
            .position(|node| node.key.parent == key.parent && node.key.is_alike(key));
        if known.is_none() {
            if self.nodes.len() == MOST {
                self.cut += 1;
                return None;
            }
            self.nodes.push(Node {
                key: *key,
                times: Times::default(),
                inner: 0,
                spent: Spent::default(),
            });
        }
        self.last = known.unwrap_or(self.nodes.len() - 1);
        Found::own(self.last)
    }

    #[inline]
    pub(super) fn record(&mut self, found: Found, cost: Cost) {
        if let Some(node) = self.nodes.get_mut(usize::from(found.node.0)) {
            node.times.record(cost.nanos);
            if found.recursive {
                node.inner += u128::from(cost.nanos);
            } else {
                let spent = Spent {
                    // The reading of the one clock is within what the other measures, but not both ways round.
                    cpu_nanos: cost.spent.cpu_nanos.map(|nanos| nanos.min(cost.nanos)),
                    ..cost.spent
                };
                node.spent = node.spent.plus(spent);
            }
        }
    }

    /// The names from the outermost child to this one.
    pub(super) fn path(&self, node: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = Some(node);
        while let Some(node) = at.and_then(|node| self.nodes.get(usize::from(node.0))) {
            names.push(node.key.name);
            at = node.key.parent;
        }
        names.reverse();
        names.join("/")
    }

    /// Counts what another counted, where both are of one segment.
    pub(super) fn merge(&mut self, other: &Self) {
        let mut places: Vec<Option<NodeId>> = Vec::with_capacity(other.nodes.len());
        for node in &other.nodes {
            let parent = node
                .key
                .parent
                .map(|parent| places.get(usize::from(parent.0)));
            let place = match parent {
                None => self.search(&Key {
                    parent: None,
                    ..node.key
                }),
                Some(parent) => parent.copied().flatten().and_then(|parent| {
                    let parent = Some(parent);
                    self.search(&Key { parent, ..node.key })
                }),
            };
            let place = place.map(|found| found.node);
            if let Some(own) = place.and_then(|place| self.nodes.get_mut(usize::from(place.0))) {
                own.times.merge(&node.times);
                own.inner += node.inner;
                own.spent = own.spent.plus(node.spent);
            }
            places.push(place);
        }
        self.cut += other.cut;
    }

    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    pub(super) fn tree(&self) -> Tree {
        self.children_of(None)
    }

    fn children_of(&self, parent: Option<NodeId>) -> Tree {
        let numbered = (0..).map(NodeId).zip(&self.nodes);
        let children = numbered.filter(|(_, node)| node.key.parent == parent);
        Tree::List(children.map(|(id, node)| self.subtree(id, node)).collect())
    }

    fn subtree(&self, id: NodeId, node: &Node) -> Tree {
        let times = &node.times;
        let average = times.total().checked_div(times.count().into()).unwrap_or(0);
        let tree = Tree::map()
            .with(keys::NAME, node.key.name)
            .with(keys::LOCATION, place(node.key.location))
            .with(keys::COUNT, times.count())
            .with(keys::TOTAL_LAPSED, nanos(times.total() - node.inner))
            .with("min", times.min())
            .with("max", times.max())
            .with("avg", nanos(average))
            .with("p50", times.quantile(0.5))
            .with("p99", times.quantile(0.99));
        let tree = match node.spent.cpu_nanos {
            Some(nanos) => tree.with(keys::CPU, nanos),
            None => tree,
        };
        let tree = match node.spent.allocations {
            Some(allocations) => tree.with(keys::ALLOCS, allocations.tree()),
            None => tree,
        };
        tree.with(keys::CHILDS, self.children_of(Some(id)))
    }
}

impl Key {
    #[inline]
    fn is_from_same_place(&self, other: &Self) -> bool {
        self.parent == other.parent
            && std::ptr::eq(self.location, other.location)
            && std::ptr::eq(self.name, other.name)
    }

    fn is_alike(&self, other: &Self) -> bool {
        self.name == other.name && self.location == other.location
    }
}

impl Found {
    fn own(at: usize) -> Option<Self> {
        let node = NodeId(u16::try_from(at).ok()?);
        Some(Self {
            node,
            recursive: false,
        })
    }
}

fn nanos(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}

/// Percentiles within 1 %, at most 8 KiB a child.
type Times = LogLinear<64>;

/// Different children of a segment, at all levels.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::segment::Segment;
    use crate::testing::Recorder;

    /// Lengths of runs from 20 ns to 1.3 s, by rank: 26 powers of two with as many in each.
    fn nanos_of_rank(rank: u64) -> u64 {
        let least = 20u64 << (26 * rank / RUNS);
        least + least * (26 * rank % RUNS) / RUNS
    }

    #[test]
    fn ten_million_runs_are_within_1_percent_of_exact_and_8_kib() {
        let recorder = Recorder::new();
        let clock = recorder.manual_clock();
        let mut total = 0;
        recorder.run(|| {
            let segment = Segment::new("xyz");
            for at in 0..RUNS {
                // Each rank once, in an order that jumps.
                let nanos = nanos_of_rank(at * 7_368_787 % RUNS);
                let run = segment.child("run");
                clock.advance(Duration::from_nanos(nanos));
                run.finish();
                total += nanos;
            }
            let inside = segment.shared.as_ref().unwrap().shard(0).lock();
            let [node] = inside.nodes.nodes.as_slice() else {
                panic!("one child");
            };
            let bytes = size_of::<Node>() - size_of::<Times>() + node.times.memory_bytes();
            assert!(bytes <= 8 << 10, "{bytes}");
        });
        let event = recorder.one("segment");
        let child = &event["childs"][0];
        let exact = [
            ("count", RUNS),
            ("total_lapsed", total),
            ("avg", total / RUNS),
            ("min", nanos_of_rank(0)),
            ("max", nanos_of_rank(RUNS - 1)),
        ];
        for (key, exact) in exact {
            assert_eq!(child[key].as_u64(), Some(exact), "{key}");
        }
        for (key, percent) in [("p50", 50), ("p99", 99)] {
            let exact = nanos_of_rank(RUNS * percent / 100 - 1);
            let error = child[key].as_u64().unwrap().abs_diff(exact);
            assert!(error * 100 <= exact, "{key} is {error} off {exact}");
        }
    }

    const RUNS: u64 = 10_000_000;
}
