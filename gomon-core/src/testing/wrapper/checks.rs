use crate::testing::wrapper::Wrapper;
use crate::testing::wrapper::drive;
use crate::testing::wrapper::findings::Findings;

impl<W: Send + Sync + 'static> Wrapper<W> {
    /// Makes the calls that were described, and says what the wrapper lacks.
    ///
    /// It runs on the executor of the test, and needs that to be tokio's only if what is wrapped does. While it changes the
    /// settings of the plug-in, which are the process's, no other check does; a test of one's own that depends on
    /// them belongs into another test program.
    ///
    /// # Panics
    ///
    /// If anything is missing: with all of it, each as a line that says which call to add.
    pub async fn check(self) {
        report(self.fp, &self.missing().await);
    }

    /// The same where no executor runs, for wrappers of what is not async.
    ///
    /// # Panics
    ///
    /// As [`check`](Self::check).
    pub fn check_blocking(self) {
        let missing = drive::block_on(self.missing());
        report(self.fp, &missing);
    }

    /// What the wrapper lacks, a text for each.
    pub async fn missing(&self) -> Vec<String> {
        let mut findings = Findings::default();
        if self.calls(&mut findings).await {
            self.values(&mut findings).await;
            self.endings(&mut findings).await;
            self.causes(&mut findings).await;
            self.opening(&mut findings).await;
            self.waiting(&mut findings).await;
            self.settings(&mut findings).await;
            self.probes(&mut findings).await;
        }
        findings.into_lines()
    }
}

#[expect(clippy::panic, reason = "a test fails")]
#[track_caller]
fn report(fp: &str, missing: &[String]) {
    if !missing.is_empty() {
        panic!(
            "the wrapper of `{fp}` lacks {}\n\n{}\n",
            missing.len(),
            missing.join("\n")
        );
    }
}
