mod anchor;
mod counters;
mod fan_out;
mod flush;
mod homes;
mod messages;
mod queue;
mod units;

/// `ALL`: every model by its name.
macro_rules! models {
    ($($module:ident::$model:ident),* $(,)?) => {
        pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($model), $module::$model)),*];
    };
}

models! {
    messages::a_message_that_was_sent_before_the_end_reaches_its_event,
    flush::a_flush_returns_with_everything_before_it_delivered_though_gomon_ends_meanwhile,
    flush::two_flushes_at_once_both_return,
    queue::everything_that_was_pushed_before_the_close_is_delivered,
    queue::a_push_alone_wakes_the_listener,
    queue::what_was_pushed_quietly_is_fed_once_it_is_announced,
    queue::a_note_is_shown_after_what_was_pushed_before_it,
    queue::a_flush_returns_though_what_it_waits_for_is_dropped,
    queue::a_full_queue_loses_what_its_policy_says_and_counts_it,
    queue::a_flush_waits_for_what_was_pushed_before_it_and_for_no_more,
    queue::a_flush_returns_though_the_listener_is_removed_meanwhile,
    queue::a_shutdown_that_gives_up_counts_what_is_in_the_listeners_hands_once,
    queue::a_listener_that_is_taken_for_stuck_returns_and_the_ledger_adds_up,
    queue::a_flush_of_a_panicking_listener_returns,
    fan_out::a_listener_that_comes_and_goes_under_load_has_an_exact_account,
    units::a_unit_that_ends_during_the_shutdown_closes_once,
    homes::records_that_come_home_while_their_thread_ends_are_kept_or_freed,
    counters::what_an_ended_thread_sent_and_counted_is_taken_once,
    anchor::an_anchor_is_read_whole,
}

/// Runs a model in every order that few preemptions allow.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.max_branches = 10_000;
    builder.check(model);
}

/// How often a thread may be stopped in the middle of something for another one to run.
const PREEMPTIONS: usize = 3;
