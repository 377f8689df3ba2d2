use std::panic::Location;

use crate::aggregate::log_linear::LogLinear;
use crate::event::value::Tree;
use crate::keys;

/// The children of a segment, as a tree in a list.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// Children that found no place.
    cut: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(usize);

#[derive(Debug)]
struct Node {
    parent: Option<NodeId>,
    name: &'static str,
    location: &'static Location<'static>,
    times: Times,
}

impl Nodes {
    /// The child of that name and line, which is made if it is new.
    pub(super) fn child(
        &mut self,
        parent: Option<NodeId>,
        name: &'static str,
        location: &'static Location<'static>,
    ) -> Option<NodeId> {
        let same =
            |node: &Node| node.parent == parent && node.name == name && node.location == location;
        if let Some(at) = self.nodes.iter().position(same) {
            return Some(NodeId(at));
        }
        if self.nodes.len() == MOST {
            self.cut += 1;
            return None;
        }
        self.nodes.push(Node {
            parent,
            name,
            location,
            times: Times::default(),
        });
        Some(NodeId(self.nodes.len() - 1))
    }

    pub(super) fn record(&mut self, node: NodeId, nanos: u64) {
        if let Some(node) = self.nodes.get_mut(node.0) {
            node.times.record(nanos);
        }
    }

    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    pub(super) fn tree(&self) -> Tree {
        self.children_of(None)
    }

    fn children_of(&self, parent: Option<NodeId>) -> Tree {
        let children = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.parent == parent);
        Tree::List(
            children
                .map(|(at, node)| self.subtree(NodeId(at), node))
                .collect(),
        )
    }

    fn subtree(&self, id: NodeId, node: &Node) -> Tree {
        let times = &node.times;
        let average = times.total().checked_div(times.count().into()).unwrap_or(0);
        Tree::map()
            .with(keys::NAME, node.name)
            .with(
                keys::LOCATION,
                format!("{}:{}", node.location.file(), node.location.line()),
            )
            .with(keys::COUNT, times.count())
            .with(keys::TOTAL_LAPSED, nanos(times.total()))
            .with("min", times.min())
            .with("max", times.max())
            .with("avg", nanos(average))
            .with("p50", times.quantile(0.5))
            .with("p99", times.quantile(0.99))
            .with(keys::CHILDS, self.children_of(Some(id)))
    }
}

fn nanos(sum: u128) -> u64 {
    u64::try_from(sum).unwrap_or(u64::MAX)
}

/// Percentiles within 1 %, at most 8 KiB a child.
type Times = LogLinear<64>;

/// Different children of a segment, at all levels.
const MOST: usize = 256;
