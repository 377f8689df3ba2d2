//! `rt-collect-process`: CPU, threads, files and limits of the process.

use gomon_core::{Context, EventTracker, Tree};

use super::{known_map, set_known};
use crate::keys;
use crate::system::{Cgroup, ContextSwitches, Io, Pressure, System};

pub(super) fn send(parent: Context, system: &System) {
    let mut event = EventTracker::in_context(keys::COLLECT_PROCESS, parent);
    if !event.is_recording() {
        return;
    }
    let cpu = system.cpu();
    set_known(&mut event, keys::CPU_USER, cpu.user);
    set_known(&mut event, keys::CPU_SYS, cpu.system);
    set_known(&mut event, keys::THREADS, cpu.threads);
    set_known(&mut event, keys::FDS, system.open_files());
    set_known(&mut event, keys::FDS_LIMIT, system.open_files_limit());
    set_known(&mut event, keys::IO, system.io().and_then(io_tree));
    set_known(
        &mut event,
        keys::CTX_SWITCHES,
        system.context_switches().map(switches_tree),
    );
    set_known(
        &mut event,
        keys::CGROUP,
        system.cgroup().and_then(cgroup_tree),
    );
    set_known(
        &mut event,
        keys::PRESSURE,
        system.pressure().map(pressure_tree),
    );
}

fn io_tree(io: Io) -> Option<Tree> {
    known_map([
        ("rchar", io.rchar.map(Tree::from)),
        ("wchar", io.wchar.map(Tree::from)),
        ("syscr", io.syscr.map(Tree::from)),
        ("syscw", io.syscw.map(Tree::from)),
        ("read-bytes", io.read_bytes.map(Tree::from)),
        ("write-bytes", io.write_bytes.map(Tree::from)),
    ])
}

fn switches_tree(switches: ContextSwitches) -> Tree {
    Tree::map()
        .with("voluntary", switches.voluntary)
        .with("involuntary", switches.involuntary)
}

fn cgroup_tree(cgroup: Cgroup) -> Option<Tree> {
    known_map([
        ("memory-current", cgroup.memory_current.map(Tree::from)),
        ("memory-peak", cgroup.memory_peak.map(Tree::from)),
        ("memory-max", cgroup.memory_max.map(Tree::from)),
        ("oom-kills", cgroup.oom_kills.map(Tree::from)),
        ("cpu-usage", cgroup.cpu_usage.map(Tree::from)),
        ("cpu-throttled", cgroup.cpu_throttled.map(Tree::from)),
        (
            "cpu-throttled-periods",
            cgroup.cpu_throttled_periods.map(Tree::from),
        ),
        ("cpu-max", cgroup.cpu_max.map(Tree::from)),
        ("pids-current", cgroup.pids_current.map(Tree::from)),
        ("pids-max", cgroup.pids_max.map(Tree::from)),
    ])
}

fn pressure_tree(pressure: Pressure) -> Tree {
    let mut tree = Tree::map().with("scope", pressure.scope);
    for (resource, lines) in pressure.resources {
        let lines = lines.into_iter().fold(Tree::map(), |map, line| {
            let entry = Tree::map()
                .with("avg10", line.avg10)
                .with("avg60", line.avg60)
                .with("avg300", line.avg300)
                .with("total", line.total_ns);
            map.with(line.kind, entry)
        });
        tree = tree.with(resource, lines);
    }
    tree
}
