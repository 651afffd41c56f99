//! Placeholder until the chart renders the edge.
