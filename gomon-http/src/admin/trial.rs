//! `/test`: uses the program's resources as told, to see what limits, alarms and the monitoring make of it.

use std::hint::black_box;
use std::time::Duration;

use gomon_core::{monotonic, probe, time};
use serde_json::json;

use super::parameters::Parameters;
use super::reply::Reply;

/// What is to be done, in this order.
struct Trial {
    probe: Option<(String, String, Vec<String>)>,
    kbytes: usize,
    spawn: usize,
    secs: f64,
    cpu: f64,
    block: f64,
    panic: bool,
}

pub(super) async fn run(parameters: &mut Parameters) -> Result<Reply, Reply> {
    let trial = Trial::read(parameters)?;
    parameters.end()?;
    trial.run().await
}

impl Trial {
    fn read(parameters: &mut Parameters) -> Result<Self, Reply> {
        let probe = parameters.text("probe")?;
        let action = parameters.text("action")?;
        let args = parameters.all("arg");
        let probe = match (probe, action) {
            (Some(probe), Some(action)) => Some((probe, action, args)),
            (None, None) => None,
            _ => return Err(Reply::error(400, "probe and action belong together")),
        };
        Ok(Self {
            probe,
            kbytes: parameters.number("kbytes", MOST_KBYTES)?.unwrap_or(0),
            spawn: parameters.number("spawn", 1_000)?.unwrap_or(0),
            secs: parameters.number("secs", 60.0)?.unwrap_or(0.0),
            cpu: parameters.number("cpu", 10.0)?.unwrap_or(0.0),
            block: parameters.number("block", 10.0)?.unwrap_or(0.0),
            panic: parameters.text("panic")?.is_some(),
        })
    }

    async fn run(self) -> Result<Reply, Reply> {
        let said = match &self.probe {
            Some((probe, action, args)) => {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let ran = probe::run(probe, action, &args);
                Some(ran.map_err(|error| Reply::error(400, &error.to_string()))?)
            }
            None => None,
        };
        let mut memory = Vec::new();
        if memory.try_reserve_exact(self.kbytes * 1024).is_err() {
            return Err(Reply::error(507, "there is not so much memory"));
        }
        memory.resize(self.kbytes * 1024, 0xa5_u8);
        let wait = Duration::from_secs_f64(self.secs);
        for _ in 0..self.spawn {
            gomon_core::spawn(time::sleep(wait));
        }
        compute(Duration::from_secs_f64(self.cpu));
        if self.block > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(self.block));
        }
        time::sleep(wait).await;
        black_box(&memory);
        #[expect(clippy::panic, reason = "it was asked for")]
        if self.panic {
            panic!("a panic was asked for");
        }
        let told = json!({
            "secs": self.secs,
            "kbytes": self.kbytes,
            "cpu": self.cpu,
            "block": self.block,
            "spawn": self.spawn,
            "said": said,
        });
        Ok(Reply::json(200, &told))
    }
}

fn compute(time: Duration) {
    let until = monotonic() + time;
    let mut number = 1_u64;
    while monotonic() < until {
        for _ in 0..1_000 {
            number = black_box(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        }
    }
}

/// 1 GiB.
const MOST_KBYTES: usize = 1 << 20;
