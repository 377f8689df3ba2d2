use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;

use crate::mask::{Detectors, NameMask};

/// What wrappers may record of the data that passes through them.
///
/// Three presets set all of it at once; each setting can then be changed. Whatever is recorded is
/// masked by name first, and by what it looks like where [`Detectors`] are asked for.
///
/// ```
/// use gomon_core::Capture;
///
/// let capture = Capture::safe().with_bodies(512);
/// assert!(capture.headers() && capture.bodies() == 512 && capture.rows() == 0);
/// ```
#[derive(Clone, Debug)]
pub struct Capture {
    headers: bool,
    sql_text: bool,
    bodies: usize,
    rows: usize,
    row_columns: usize,
    cell_bytes: usize,
    bound_values: bool,
    remote_address: bool,
    mask: Arc<NameMask>,
    detectors: Detectors,
}

impl Capture {
    /// No headers, and of SQL only its summary.
    #[must_use]
    pub fn minimal() -> Self {
        Self {
            headers: false,
            sql_text: false,
            ..Self::safe()
        }
    }

    /// Everything but bodies, bound values, rows and remote addresses. The default.
    #[must_use]
    pub fn safe() -> Self {
        Self {
            headers: true,
            sql_text: true,
            bodies: 0,
            rows: 0,
            row_columns: 64,
            cell_bytes: 256,
            bound_values: false,
            remote_address: false,
            mask: Arc::new(NameMask::default()),
            detectors: Detectors::none(),
        }
    }

    /// GoMon's own defaults: bodies up to 1 KiB, 10 rows, bound values, remote addresses.
    #[must_use]
    pub fn full() -> Self {
        Self {
            bodies: 1 << 10,
            rows: 10,
            bound_values: true,
            remote_address: true,
            ..Self::safe()
        }
    }

    /// Whether headers of requests and responses are recorded.
    #[must_use]
    pub const fn headers(&self) -> bool {
        self.headers
    }

    /// Whether the text of SQL statements is recorded, beside its summary.
    #[must_use]
    pub const fn sql_text(&self) -> bool {
        self.sql_text
    }

    /// Bytes of a body that are recorded, on each side; 0 is none.
    #[must_use]
    pub const fn bodies(&self) -> usize {
        self.bodies
    }

    /// Rows of a result that are recorded; 0 is none.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of a row that are recorded. Default: 64.
    #[must_use]
    pub const fn row_columns(&self) -> usize {
        self.row_columns
    }

    /// Bytes of a cell that are recorded. Default: 256.
    #[must_use]
    pub const fn cell_bytes(&self) -> usize {
        self.cell_bytes
    }

    /// Whether values of SQL statements are recorded: bound ones, and literals in the text, which
    /// are otherwise masked there and in the database's error messages.
    #[must_use]
    pub const fn bound_values(&self) -> bool {
        self.bound_values
    }

    /// Whether the addresses of peers and clients are recorded.
    #[must_use]
    pub const fn remote_address(&self) -> bool {
        self.remote_address
    }

    /// The names whose values are never recorded.
    #[must_use]
    pub fn mask(&self) -> &NameMask {
        &self.mask
    }

    /// What is masked for what it looks like. None by default, in each preset.
    #[must_use]
    pub const fn detectors(&self) -> Detectors {
        self.detectors
    }

    /// Sets [`headers`](Self::headers).
    #[must_use]
    pub const fn with_headers(mut self, headers: bool) -> Self {
        self.headers = headers;
        self
    }

    /// Sets [`sql_text`](Self::sql_text).
    #[must_use]
    pub const fn with_sql_text(mut self, sql_text: bool) -> Self {
        self.sql_text = sql_text;
        self
    }

    /// Sets [`bodies`](Self::bodies).
    #[must_use]
    pub const fn with_bodies(mut self, bytes: usize) -> Self {
        self.bodies = bytes;
        self
    }

    /// Sets [`rows`](Self::rows).
    #[must_use]
    pub const fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Sets [`row_columns`](Self::row_columns).
    #[must_use]
    pub const fn with_row_columns(mut self, columns: usize) -> Self {
        self.row_columns = columns;
        self
    }

    /// Sets [`cell_bytes`](Self::cell_bytes).
    #[must_use]
    pub const fn with_cell_bytes(mut self, bytes: usize) -> Self {
        self.cell_bytes = bytes;
        self
    }

    /// Sets [`bound_values`](Self::bound_values).
    #[must_use]
    pub const fn with_bound_values(mut self, bound_values: bool) -> Self {
        self.bound_values = bound_values;
        self
    }

    /// Sets [`remote_address`](Self::remote_address).
    #[must_use]
    pub const fn with_remote_address(mut self, remote_address: bool) -> Self {
        self.remote_address = remote_address;
        self
    }

    /// Sets [`mask`](Self::mask).
    #[must_use]
    pub fn with_mask(mut self, mask: NameMask) -> Self {
        self.mask = Arc::new(mask);
        self
    }

    /// Sets [`detectors`](Self::detectors).
    #[must_use]
    pub const fn with_detectors(mut self, detectors: Detectors) -> Self {
        self.detectors = detectors;
        self
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self::safe()
    }
}

/// What the process records, wherever a wrapper has no setting of its own; in a test, what its recorder was told.
#[must_use]
pub fn capture() -> Arc<Capture> {
    #[cfg(feature = "test-util")]
    if let Some(of_test) = crate::testing::captures::here() {
        return of_test;
    }
    let generation = generation();
    let known = KNOWN.try_with(|known| {
        let mut known = known.try_borrow_mut().ok()?;
        match &mut *known {
            Some((of, capture)) if *of == generation => Some(Arc::clone(capture)),
            known => {
                let current = Arc::clone(&CURRENT.read());
                *known = Some((generation, Arc::clone(&current)));
                Some(current)
            }
        }
    });
    let known = known.ok().flatten();
    known.unwrap_or_else(|| Arc::clone(&CURRENT.read()))
}

/// Changes what the process records, from the next event on.
pub fn set_capture(capture: Capture) {
    *CURRENT.write() = Arc::new(capture);
    // Pairs with the load in `generation`.
    GENERATION.fetch_add(1, Ordering::Release);
}

/// How often it was changed: what was found out by [`capture`] before it changes again holds until then.
#[inline]
pub(crate) fn generation() -> u64 {
    // Pairs with the store in `set_capture`: who sees the number sees what it stands for.
    GENERATION.load(Ordering::Acquire)
}

thread_local! {
    /// What a thread found out last, and when: it is asked for by each event of a wrapper.
    static KNOWN: RefCell<Option<(u64, Arc<Capture>)>> = const { RefCell::new(None) };
}

static GENERATION: AtomicU64 = AtomicU64::new(0);
static CURRENT: LazyLock<RwLock<Arc<Capture>>> = LazyLock::new(RwLock::default);
