//! What a dashboard is made of, in words of ours.

/// A dashboard.
pub(crate) struct Dashboard {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    /// The one service that it is about, if it is about one.
    pub(crate) component: Option<&'static str>,
    pub(crate) sections: Vec<Section>,
}

/// Panels under a heading.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) panels: Vec<Panel>,
}

/// A picture of one thing.
pub(crate) struct Panel {
    pub(crate) form: Form,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) unit: Unit,
    pub(crate) queries: Vec<Query>,
}

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Over time.
    Lines,
    /// As it is now.
    Number,
}

/// In what it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    PerSecond,
    Seconds,
    /// Of 1.
    Share,
    Bytes,
    /// 1 is yes.
    YesNo,
    /// The states of the catalog's breaker.
    Breaker,
}

/// What is asked of Prometheus, and what its answers are called.
///
/// In `text`, `{@` begins a selector of the series that the dashboard is about, and `[@]` is the shortest time over which a rate
/// can be taken.
pub(crate) struct Query {
    pub(crate) text: &'static str,
    pub(crate) legend: &'static str,
}

impl Section {
    pub(crate) fn new(title: &'static str, panels: impl IntoIterator<Item = Panel>) -> Self {
        Self { title, panels: panels.into_iter().collect() }
    }
}

impl Panel {
    /// Something over time.
    pub(crate) fn lines(title: &'static str, unit: Unit, about: &'static str) -> Self {
        Self { form: Form::Lines, title, about, unit, queries: Vec::new() }
    }

    /// Something as it is now.
    pub(crate) fn number(title: &'static str, unit: Unit, about: &'static str) -> Self {
        Self { form: Form::Number, ..Self::lines(title, unit, about) }
    }

    /// The same with a further query.
    pub(crate) fn query(mut self, legend: &'static str, text: &'static str) -> Self {
        self.queries.push(Query { text, legend });
        self
    }
}
