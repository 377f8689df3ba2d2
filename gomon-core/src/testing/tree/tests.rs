use crate::testing::{Recorder, assert_tree, with_recorder};
use crate::{EventTracker, Outcome};

/// What the tests look at: a request with three statements, one of which failed, and a job.
fn request(recorder: &Recorder) {
    recorder.run(|| {
        let mut request = EventTracker::new("http-wmux-servehttp");
        request.set("route", "/users/{id}").set("status", 200);
        for (name, rows) in [("sql-query", 3), ("sql-query", 3), ("sql-exec", 1)] {
            request.child(name).set("rows", rows);
        }
        let mut mail = request.child("mail");
        mail.enter(|| {
            let mut dial = EventTracker::new("dial");
            dial.mark(Outcome::Failed).set("port", 25);
        });
        mail.mark(Outcome::TimedOut);
        drop(mail);
        request.finish();
        EventTracker::new("my * job").finish();
    });
}

fn difference(expected: &str) -> String {
    let recorder = Recorder::new();
    request(&recorder);
    recorder.tree_difference(expected).unwrap_or_default()
}

/// Each of these is what happened.
#[test]
fn every_form_of_a_line_holds_where_it_is_true() {
    for expected in [
        "http-wmux-servehttp\n  sql-query\n  sql-query\n  sql-exec\n  mail timed-out\n    dial failed\n\"my * job\"",
        "http-*\n  sql-* x3\n  mail *\n    dial *\n..",
        "..\nmy*job",
        "..",
        "http-wmux-servehttp completed\n  ..\n\"my * job\"",
        "http-wmux-servehttp {route=\"/users/{id}\", status=200}\n  ..\n..",
        "http-wmux-servehttp{route~\"/users/*\", status~\"2*\", status, !code}\n  ..\n..",
        "..\n..\n..",
        "*\n  sql-query x1+\n  sql-exec x0+\n  other x0+\n  ..\n*{!route}",
        "*\n  * {rows} x3\n  ..\n..",
        "*\n  ..\n  mail timed-out\n    dial failed {port=25}\n..",
        "*\n  ..\n  sql-exec\n  ..\n..",
        "(any order)\n\"my * job\"\nhttp-*\n  (any order)\n  mail *\n    ..\n  sql-exec\n  sql-query x2",
        "(any order)\n..\nhttp-*\n  (any order)\n  sql-exec\n  sql-query\n  ..",
        // What is like several lines has to leave them to what is like one only.
        "*\n  (any order)\n  sql-*\n  sql-query x0+\n  mail *\n    ..\n..",
        "*\n  (any order)\n  sql-*\n  sql-exec\n  sql-query x1+\n  mail *\n    ..\n..",
    ] {
        assert_eq!(difference(expected), "", "{expected}");
    }
}

/// And each of these is not.
#[test]
fn every_form_of_a_line_fails_where_it_is_not_true() {
    for expected in [
        "",
        "http-wmux-servehttp\n\"my * job\"",
        "\"my * job\"\nhttp-wmux-servehttp\n  ..",
        "*\n  sql-query x3\n  ..\n..",
        "*\n  sql-query x1\n  sql-exec\n  ..\n..",
        "*\n  sql-query x3+\n  ..\n..",
        "* {status=\"200\"}\n  ..\n..",
        "* {status=201}\n  ..\n..",
        "* {!status}\n  ..\n..",
        "* {code}\n  ..\n..",
        "* {route~\"/orders/*\"}\n  ..\n..",
        "*\n  ..\n  mail failed\n    ..\n..",
        "*\n  ..\n  mail *\n..",
        "*\n  ..\n  sql-exec\n  sql-query\n  ..\n..",
        "(any order)\nhttp-*\n  (any order)\n  sql-query\n  sql-exec\n  mail *\n    ..\n..",
        "\"http-*\"\n  ..\n..",
        "*\n  (any order)\n  sql-*\n  sql-* x3\n  mail *\n    ..\n..",
    ] {
        assert_ne!(difference(expected), "", "{expected}");
    }
}

#[test]
fn a_difference_shows_both_sides_and_the_events_to_paste() {
    let expected = "
        http-wmux-servehttp {status=201, !route}
          sql-query
          sql-exec x2
          commit
            log
          mail
            dial failed
        ..
    ";
    assert_eq!(
        difference(expected),
        r#"the events differ from the expected tree at line 1

    expected                                 | actual
  ! http-wmux-servehttp {status=201, !route} | http-wmux-servehttp {status=200, route="/users/{id}"}
  !   sql-query                              |   sql-query x2
  !   sql-exec x2                            |   sql-exec x1
  -   commit                                 |
  -     log                                  |
  !   mail                                   |   mail timed-out
        dial failed                          |     dial failed
    ..                                       | (1 more)

the events, as a tree to expect:

http-wmux-servehttp
  sql-query x2
  sql-exec
  mail timed-out
    dial failed
"my * job"
"#
    );
}

#[test]
fn the_tree_that_a_failure_shows_is_one_that_holds() {
    let said = difference("nothing");
    let (_, tree) = said.split_once("to expect:\n").unwrap();
    assert_eq!(difference(tree), "");
}

#[test]
fn an_event_that_nobody_expected_stands_alone_with_what_it_caused() {
    let expected = "*\n  sql-query x2\n  sql-exec\n\"my * job\"";
    assert_eq!(
        difference(expected).split("\n\n").nth(1).unwrap(),
        "    expected       | actual
    *              | http-wmux-servehttp
      sql-query x2 |   sql-query x2
      sql-exec     |   sql-exec
  +                |   mail timed-out
  +                |     dial failed
    \"my * job\"     | \"my * job\""
    );
}

#[test]
fn in_any_order_each_line_is_shown_beside_the_event_that_is_nearest() {
    let expected = "
        (any order)
        my*job
        http-wmux-servehttp
          (any order)
          sql-exec
          mail cancelled
            dial failed
          sql-query x3
    ";
    assert_eq!(
        difference(expected).split("\n\n").nth(1).unwrap(),
        "    expected            | actual
    my*job              | \"my * job\"
    http-wmux-servehttp | http-wmux-servehttp
      sql-exec          |   sql-exec
  !   mail cancelled    |   mail timed-out
        dial failed     |     dial failed
  !   sql-query x3      |   sql-query x2"
    );
}

#[test]
fn what_agrees_far_from_a_difference_is_counted_only() {
    let recorder = Recorder::new();
    recorder.run(|| {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            EventTracker::new(name).finish();
        }
    });
    let said = recorder.tree_difference("a\nb\nc\nd\ne\nf\ng\nh\ni\nk");
    assert_eq!(
        said.unwrap().split("\n\n").nth(1).unwrap(),
        "    expected | actual
    … 6 lines that agree
    g        | g
    h        | h
    i        | i
  +          | j
  - k        |"
    );
}

#[test]
fn without_events_it_says_so() {
    let said = Recorder::new().tree_difference("a\n  b").unwrap();
    assert_eq!(
        said,
        "the events differ from the expected tree at line 1

    expected | actual
  - a        |
  -   b      |

no event has ended
"
    );
}

#[test]
fn a_pattern_that_cannot_be_read_fails_with_its_line() {
    assert_eq!(
        difference("a\n  b ("),
        "line 2 of the expected tree: `(` is no outcome; there are completed, abandoned, \
         cancelled, truncated, failed, timed-out, panicked, and * for any; a name with spaces is in quotes"
    );
}

#[test]
fn thousands_of_siblings_are_compared_without_a_table_of_all_pairs() {
    with_recorder(|recorder| {
        for _ in 0..5 {
            for _ in 0..1_000 {
                EventTracker::new("lookup").finish();
            }
            // More at a time would be lost.
            assert_eq!(recorder.orphans(), []);
        }
        assert_tree!(recorder, "lookup x5000");
        assert_tree!(recorder, "..\nlookup x4999");
        let said = recorder.tree_difference("other x5000").unwrap();
        assert!(said.contains("! other x5000 | lookup x5000\n\n"), "{said}");
    });
}

#[test]
#[should_panic(expected = "the events differ from the expected tree at line 1")]
fn the_assertion_fails_where_the_tree_differs() {
    with_recorder(|recorder| assert_tree!(recorder, "a"));
}
