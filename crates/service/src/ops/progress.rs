//! Progress of a running operation. The command line draws it, the tests collect it.

/// Receives findings and progress. Called from several threads.
pub trait Progress<Finding>: Send + Sync {
    /// How much work there is, in the operation's unit, once it is known; again when the next part begins.
    fn expect(&self, _total: u64) {}

    /// More of it was done.
    fn advance(&self, _done: u64) {}

    /// One result, as soon as it is known.
    fn finding(&self, _finding: &Finding) {}
}

/// Ignores everything: only the report counts.
impl<Finding> Progress<Finding> for () {}

/// Calls a function with each finding.
impl<Finding, F: Fn(&Finding) + Send + Sync> Progress<Finding> for F {
    fn finding(&self, finding: &Finding) {
        self(finding);
    }
}
