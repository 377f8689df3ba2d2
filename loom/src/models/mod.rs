mod anchor;
mod counters;
mod flush;
mod homes;
mod messages;
mod units;

/// Runs a model in every order that few preemptions allow.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.max_branches = 10_000;
    builder.check(model);
}

/// How often a thread may be stopped in the middle of something for another one to run.
const PREEMPTIONS: usize = 3;
