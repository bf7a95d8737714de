//! Metrics the floor adds to those read off the board.

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows; the name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// One sample. Samples of one name must share kind and help, and differ in labels.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraMetric {
    /// Full name in base units, such as `carillon_sip_dialogs_active`.
    pub name: String,
    /// What it counts.
    pub help: String,
    /// How it behaves.
    pub kind: MetricKind,
    /// Label names and values.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}
