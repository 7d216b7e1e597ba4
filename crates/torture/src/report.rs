//! The results of seeds, and their sums.

use std::fmt;

/// The result of a seed.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub messages: usize,
    pub acts: usize,
    pub starts: u32,
    pub accepted: u64,
    pub turned_away: u64,
    pub stored: usize,
    pub explained: usize,
    pub seconds: f64,
    pub breaches: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "seed {}: {} messages, {} acts, {} starts, {} answers 200, {} turned away, {} stored, {} explained, {:.1} s",
            self.seed,
            self.messages,
            self.acts,
            self.starts,
            self.accepted,
            self.turned_away,
            self.stored,
            self.explained,
            self.seconds
        )?;
        for breach in &self.breaches {
            write!(out, "\n  BROKEN: {breach}")?;
        }
        Ok(())
    }
}

/// Sums over seeds.
#[derive(Default)]
pub struct Totals {
    seeds: u64,
    messages: usize,
    acts: usize,
    starts: u64,
    accepted: u64,
    turned_away: u64,
    stored: usize,
    explained: usize,
    /// Seeds that broke the law.
    pub broken: u64,
}

impl Totals {
    pub fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.messages += report.messages;
        self.acts += report.acts;
        self.starts += u64::from(report.starts);
        self.accepted += report.accepted;
        self.turned_away += report.turned_away;
        self.stored += report.stored;
        self.explained += report.explained;
        self.broken += u64::from(!report.breaches.is_empty());
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} seeds: {} messages, {} acts, {} starts, {} answers 200, {} turned away, {} stored, {} explained; {} seeds broke the law",
            self.seeds,
            self.messages,
            self.acts,
            self.starts,
            self.accepted,
            self.turned_away,
            self.stored,
            self.explained,
            self.broken
        )
    }
}
