use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// A root directory with the files of a process in a container, gone when dropped.
struct Root(PathBuf);

impl Root {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root =
            std::env::temp_dir().join(format!("gomon-runtime-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn system(&self) -> System {
        System::at(self.0.clone())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_platform_without_proc_gives_nothing() {
    let system = System::at(Path::new("/nowhere-at-all").to_owned());
    assert_eq!(system.memory(), Memory::default());
    assert_eq!(system.cpu(), Cpu::default());
    assert_eq!(system.io(), None);
    assert_eq!(system.open_files(), None);
    assert_eq!(system.open_files_limit(), None);
    assert_eq!(system.context_switches(), None);
    assert_eq!(system.cgroup(), None);
    assert_eq!(system.pressure(), None);
    assert_eq!(system.page_bytes(), None);
    assert_eq!(system.online_cpus(), None);
}

#[test]
fn a_program_name_with_parentheses_does_not_shift_the_fields() {
    let stat = "7 (a) b (c)) S 1 7 7 0 -1 0 0 0 0 0 250 50 0 0 20 0 9 0 0 0 0";
    let root = Root::new("stat", &[("proc/self/stat", stat)]);
    let expected = Cpu {
        user: Some(2_500_000_000),
        system: Some(500_000_000),
        threads: Some(9),
    };
    assert_eq!(root.system().cpu(), expected);
}

#[test]
fn status_gives_bytes_and_the_threads_give_switches() {
    let main = "VmSize:\t    3060 kB\nVmRSS:\t    1764 kB\nRssAnon:\t     112 kB\n\
                voluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n";
    let other = "voluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t20\n";
    let root = Root::new(
        "status",
        &[
            ("proc/self/status", main),
            ("proc/self/task/7/status", main),
            ("proc/self/task/8/status", other),
        ],
    );
    let memory = root.system().memory();
    assert_eq!(
        memory,
        Memory {
            resident: Some(1764 * 1024),
            anonymous: Some(112 * 1024),
            mapped: Some(3060 * 1024)
        }
    );
    let switches = root.system().context_switches();
    assert_eq!(
        switches,
        Some(ContextSwitches {
            voluntary: 13,
            involuntary: 24
        })
    );
}

#[test]
fn limits_give_the_soft_limit_unless_there_is_none() {
    let limits = |soft: &str| {
        format!("Limit   Soft Limit   Hard Limit   Units\nMax open files   {soft}   4096   files\n")
    };
    let limited = Root::new("limit", &[("proc/self/limits", &limits("1024"))]);
    let unlimited = Root::new("no-limit", &[("proc/self/limits", &limits("unlimited"))]);
    assert_eq!(limited.system().open_files_limit(), Some(1024));
    assert_eq!(unlimited.system().open_files_limit(), None);
}

#[test]
fn a_cgroup_gives_use_and_limits_and_its_own_pressure() {
    let root = Root::new(
        "cgroup",
        &[
            ("proc/self/cgroup", "0::/a.slice/b.service\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
            ("sys/fs/cgroup/a.slice/b.service/memory.current", "4096\n"),
            ("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"),
            (
                "sys/fs/cgroup/a.slice/b.service/memory.events",
                "low 0\noom 3\noom_kill 2\n",
            ),
            (
                "sys/fs/cgroup/a.slice/b.service/cpu.stat",
                "usage_usec 5\nnr_throttled 7\nthrottled_usec 11\n",
            ),
            ("sys/fs/cgroup/a.slice/b.service/cpu.max", "150000 100000\n"),
            (
                "sys/fs/cgroup/a.slice/b.service/cpu.pressure",
                "some avg10=1.50 avg60=0.00 avg300=0.25 total=9\n",
            ),
            (
                "proc/pressure/cpu",
                "some avg10=9.00 avg60=9.00 avg300=9.00 total=9\n",
            ),
        ],
    );
    let expected = Cgroup {
        memory_current: Some(4096),
        oom_kills: Some(2),
        cpu_usage: Some(5000),
        cpu_throttled: Some(11_000),
        cpu_throttled_periods: Some(7),
        cpu_max: Some(1.5),
        ..Cgroup::default()
    };
    assert_eq!(root.system().cgroup(), Some(expected));
    let line = pressure::Line {
        kind: "some",
        avg10: 1.5,
        avg60: 0.0,
        avg300: 0.25,
        total_ns: 9000,
    };
    assert_eq!(
        root.system().pressure(),
        Some(Pressure {
            scope: "cgroup",
            resources: vec![("cpu", vec![line])]
        })
    );
}

#[test]
fn a_cgroup_path_of_the_host_falls_back_to_the_visible_root() {
    let root = Root::new(
        "cgroup-host",
        &[
            ("proc/self/cgroup", "0::/docker/0123\n"),
            ("sys/fs/cgroup/cgroup.controllers", "pids\n"),
            ("sys/fs/cgroup/pids.current", "12\n"),
            (
                "proc/pressure/io",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
            ),
        ],
    );
    assert_eq!(
        root.system()
            .cgroup()
            .and_then(|cgroup| cgroup.pids_current),
        Some(12)
    );
    assert_eq!(
        root.system().pressure().map(|pressure| pressure.scope),
        Some("host")
    );
}

#[test]
fn ranges_of_cpus_are_counted() {
    assert_eq!(numbers::count_ranges("0-3,8\n"), Some(5));
    assert_eq!(numbers::count_ranges("0"), Some(1));
    assert_eq!(numbers::count_ranges("3-1"), None);
    assert_eq!(numbers::count_ranges("0-18446744073709551615"), None);
    assert_eq!(numbers::count_ranges(""), None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_running_process_has_answers() {
    let system = System::new();
    assert!(system.page_bytes().is_some_and(u64::is_power_of_two));
    assert!(system.memory().resident.is_some_and(|bytes| bytes > 0));
    assert!(system.cpu().threads.is_some_and(|threads| threads > 0));
    assert!(system.open_files().is_some_and(|count| count > 0));
    assert!(system.context_switches().is_some());
}
