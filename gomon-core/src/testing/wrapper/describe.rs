use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::capture::Capture;
use crate::testing::Recorded;
use crate::testing::wrapper::drive::Call;
use crate::wait::Kind;

/// What a wrapper is and does, for [`check`](Self::check).
///
/// It is made of one way to make what is wrapped and of calls of it, each an async closure in form:
/// `|wrapped| async move { wrapped.get("name").await }`. A call may be made several times; `wrapped` is an `Arc` of what
/// was made for it. What is not described is not checked, but for what each wrapper has to do.
///
/// ```
/// use std::sync::Arc;
///
/// use gomon_core::EventTracker;
/// use gomon_core::testing::Wrapper;
///
/// /// A wrapper of something that is not async.
/// struct MonitoredStack(Vec<u32>);
///
/// impl MonitoredStack {
///     fn top(&self) -> Option<u32> {
///         let mut tracker = EventTracker::new("stack-top");
///         tracker.set("depth", self.0.len());
///         tracker.enter(|| self.0.last().copied())
///     }
/// }
///
/// Wrapper::new("stack-top", || async { MonitoredStack(vec![1, 2]) })
///     .completes(|stack: Arc<MonitoredStack>| async move { stack.top() }, "Some(2)")
///     .keys(["depth"])
///     .check_blocking();
/// ```
#[must_use = "nothing is checked before `check`"]
pub struct Wrapper<W> {
    pub(super) fp: &'static str,
    pub(super) make: Box<dyn Fn() -> Pin<Box<dyn Future<Output = W> + Send>>>,
    pub(super) completes: Option<(Step<W>, String)>,
    pub(super) fails: Option<(Step<W>, String)>,
    pub(super) panics: Option<Step<W>>,
    pub(super) pends: Option<Step<W>>,
    pub(super) nests: Option<(Step<W>, &'static str)>,
    pub(super) hides: Vec<(Step<W>, String)>,
    pub(super) cuts: Vec<(Step<W>, &'static str)>,
    pub(super) keys: Vec<&'static str>,
    pub(super) captures: Vec<(&'static str, Taken)>,
    pub(super) waits: Option<Kind>,
    pub(super) always_caused: bool,
    pub(super) unit: bool,
    pub(super) opens: Option<&'static str>,
    pub(super) config: Option<Setting>,
    pub(super) probe: Option<&'static str>,
    pub(super) gauges: Vec<&'static str>,
    pub(super) levels: Vec<&'static str>,
    pub(super) rows: Vec<&'static str>,
    pub(super) actions: Vec<&'static str>,
}

/// Makes one call.
pub(super) type Step<W> = Arc<dyn Fn(Arc<W>) -> Call + Send + Sync>;
/// Whether something may be captured.
pub(super) type Taken = Box<dyn Fn(&Capture) -> bool>;

/// A setting, and how an event shows that it holds.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) json: String,
    pub(super) shows: Box<dyn Fn(&Recorded) -> bool>,
}

impl<W: Send + Sync + 'static> Wrapper<W> {
    /// A wrapper whose calls send events of that fingerprint. `make` makes what is wrapped, with its wrapper.
    pub fn new<F>(fp: &'static str, make: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = W> + Send + 'static,
    {
        Self {
            fp,
            make: Box::new(move || Box::pin(make())),
            completes: None,
            fails: None,
            panics: None,
            pends: None,
            nests: None,
            hides: Vec::new(),
            cuts: Vec::new(),
            keys: Vec::new(),
            captures: Vec::new(),
            waits: None,
            always_caused: false,
            unit: false,
            opens: None,
            config: None,
            probe: None,
            gauges: Vec::new(),
            levels: Vec::new(),
            rows: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// A call that returns well, and what the host sees of it without the wrapper, as its `Debug` writes it. It
    /// has to be described.
    pub fn completes<F>(
        mut self,
        call: impl Fn(Arc<W>) -> F + Send + Sync + 'static,
        seen: &str,
    ) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.completes = Some((step(call), seen.to_owned()));
        self
    }

    /// A call that returns an error, and what the host sees of that without the wrapper, as its `Debug` writes it.
    pub fn fails<F>(
        mut self,
        call: impl Fn(Arc<W>) -> F + Send + Sync + 'static,
        seen: &str,
    ) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.fails = Some((step(call), seen.to_owned()));
        self
    }

    /// A call in which what is wrapped panics.
    pub fn panics<F>(mut self, call: impl Fn(Arc<W>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.panics = Some(step(call));
        self
    }

    /// A call that stays pending: its peer never answers, its lock is never free. It is dropped.
    pub fn pends<F>(mut self, call: impl Fn(Arc<W>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.pends = Some(step(call));
        self
    }

    /// A call inside of which what is wrapped makes an event of that fingerprint.
    pub fn nests<F>(
        mut self,
        call: impl Fn(Arc<W>) -> F + Send + Sync + 'static,
        inner: &'static str,
    ) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.nests = Some((step(call), inner));
        self
    }

    /// A call that carries a secret under a name that looks like one, such as `password`.
    pub fn hides<F>(
        mut self,
        call: impl Fn(Arc<W>) -> F + Send + Sync + 'static,
        secret: &str,
    ) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.hides.push((step(call), secret.to_owned()));
        self
    }

    /// A call with more than is recorded under that key, made with [`Capture::full`].
    pub fn cuts<F>(
        mut self,
        call: impl Fn(Arc<W>) -> F + Send + Sync + 'static,
        key: &'static str,
    ) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        self.cuts.push((step(call), key));
        self
    }

    /// Keys that the event of a completed call always has.
    pub fn keys(mut self, keys: impl IntoIterator<Item = &'static str>) -> Self {
        self.keys.extend(keys);
        self
    }

    /// A key that the event of a completed call has where `taken` says so of what may be captured, and else not.
    pub fn captures(
        mut self,
        key: &'static str,
        taken: impl Fn(&Capture) -> bool + 'static,
    ) -> Self {
        self.captures.push((key, Box::new(taken)));
        self
    }

    /// What the unit of work round the call that [pends](Self::pends) waits for.
    pub fn waits(mut self, kind: Kind) -> Self {
        self.waits = Some(kind);
        self
    }

    /// The call is of a kind that always has a cause: without one it is an orphan.
    pub fn always_caused(mut self) -> Self {
        self.always_caused = true;
        self
    }

    /// The call is a unit of work: it is registered while it is open, see [`pends`](Self::pends).
    pub fn unit(mut self) -> Self {
        self.unit = true;
        self
    }

    /// What is wrapped is itself an event, of that fingerprint, that opens when it is made and closes when it is dropped.
    pub fn opens(mut self, fp: &'static str) -> Self {
        self.opens = Some(fp);
        self
    }

    /// The name under which a configuration has the wrapper's settings; a table of these, as JSON, that changes the event
    /// of a completed call; and how such an event shows it.
    pub fn config(
        mut self,
        name: &'static str,
        json: &str,
        shows: impl Fn(&Recorded) -> bool + 'static,
    ) -> Self {
        self.config = Some(Setting {
            name,
            json: json.to_owned(),
            shows: Box::new(shows),
        });
        self
    }

    /// The name of the probe that the wrapper registers.
    pub fn probe(mut self, name: &'static str) -> Self {
        self.probe = Some(name);
        self
    }

    /// A gauge of the probe.
    pub fn gauge(mut self, name: &'static str) -> Self {
        self.gauges.push(name);
        self
    }

    /// A gauge of the probe that is higher while a call is open.
    pub fn level(mut self, name: &'static str) -> Self {
        self.gauges.push(name);
        self.levels.push(name);
        self
    }

    /// A row of the probe.
    pub fn row(mut self, name: &'static str) -> Self {
        self.rows.push(name);
        self
    }

    /// An action of the probe that works without arguments.
    pub fn action(mut self, name: &'static str) -> Self {
        self.actions.push(name);
        self
    }
}

fn step<W, F>(call: impl Fn(Arc<W>) -> F + Send + Sync + 'static) -> Step<W>
where
    W: Send + Sync + 'static,
    F: Future<Output: Debug> + Send + 'static,
{
    let call = Arc::new(call);
    Arc::new(move |wrapped| {
        let call = Arc::clone(&call);
        // Called in the first poll: what is not async happens there too.
        Box::pin(async move { format!("{:?}", call(wrapped).await) })
    })
}

impl<W> fmt::Debug for Wrapper<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapper")
            .field("fp", &self.fp)
            .finish_non_exhaustive()
    }
}
