//! The chart: a bar for each goal, how far the figure is past it; one line where all goals are. A few lines of SVG, readable on
//! light and on dark.

use std::fmt::Write as _;

use super::table::number;
use super::{Goal, Row, Verdict};

const WIDTH: f64 = 860.0;
const LABELS: f64 = 430.0;
const LINE: f64 = 22.0;
/// Bars end here, however far past its goal a figure is; the figure stands beside its bar.
const SHARE_MAX: f64 = 3.0;
const STYLE: &str = "text{font:12px sans-serif;fill:#1f2328}.met{fill:#2da44e}.missed{fill:#cf222e}.goal{stroke:#57606a;stroke-dasharray:3 3}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.met{fill:#3fb950}.missed{fill:#f85149}.goal{stroke:#8b949e}}";

/// Draws every row that has a goal and a figure.
pub(crate) fn draw(rows: &[Row], caption: &str) -> String {
    let drawn: Vec<(&Row, f64)> = rows.iter().filter_map(|row| Some((row, row.share_of_goal()?))).collect();
    let bars = WIDTH - LABELS - 110.0;
    let at_goal = LABELS + bars / SHARE_MAX;
    let mut y = 2.0 * LINE;
    let mut body = String::new();
    for (row, share) in drawn {
        let class = if row.verdict() == Verdict::Met { "met" } else { "missed" };
        let length = share.min(SHARE_MAX) / SHARE_MAX * bars;
        let text = y + 0.65 * LINE;
        let label = escaped(&format!("{}, {}", row.what, row.of));
        let _ =
            writeln!(body, r#"<text x="{:.0}" y="{text:.0}" text-anchor="end">{label}</text>"#, LABELS - 8.0);
        let _ = writeln!(
            body,
            r#"<rect class="{class}" x="{LABELS:.0}" y="{:.0}" width="{length:.1}" height="{:.0}" rx="2"/>"#,
            y + 3.0,
            LINE - 6.0
        );
        let _ = writeln!(
            body,
            r#"<text x="{:.0}" y="{text:.0}">{}</text>"#,
            LABELS + length + 6.0,
            escaped(&figure(row))
        );
        y += LINE;
    }
    let height = y + LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\">\n\
        <title>{title}</title>\n<style>{STYLE}</style>\n\
        <text x=\"{at_goal:.0}\" y=\"{LINE:.0}\" text-anchor=\"middle\">goal</text>\n\
        <line class=\"goal\" x1=\"{at_goal:.0}\" x2=\"{at_goal:.0}\" y1=\"{:.0}\" y2=\"{y:.0}\"/>\n{body}\
        <text x=\"8\" y=\"{:.0}\">{title}</text>\n</svg>\n",
        1.3 * LINE,
        y + 0.7 * LINE,
        title = escaped(caption),
    )
}

fn figure(row: &Row) -> String {
    let median = row.figure.map_or_else(String::new, |figure| number(figure.median));
    match row.goal {
        Goal::AtLeast(goal) => format!("{median} (≥ {})", number(goal)),
        Goal::AtMost(goal) => format!("{median} (≤ {})", number(goal)),
        Goal::Told => median,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element that is opened is closed, in its order, and no text holds a bare `<` or `&`.
    fn is_well_formed(svg: &str) -> bool {
        let mut open = Vec::new();
        for part in svg.split('<').skip(1) {
            let Some((tag, text)) = part.split_once('>') else { return false };
            let bare = text
                .split('&')
                .skip(1)
                .any(|rest| !["amp;", "lt;", "gt;"].iter().any(|name| rest.starts_with(name)));
            if bare || text.contains('>') || tag.matches('"').count() % 2 == 1 {
                return false;
            }
            let name = tag.split_whitespace().next().unwrap_or_default();
            if let Some(closed) = name.strip_prefix('/') {
                if open.pop() != Some(closed) {
                    return false;
                }
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        open.is_empty()
    }

    fn rows() -> [Row; 3] {
        [
            Row::timed("throughput", "GET <status> & more", "Gin", Goal::AtLeast(3.0), &[4.0]),
            Row::timed("trips", "round trips", "request", Goal::AtMost(0.2), &[1.0]),
            Row::skipped("images", "image size", "no images"),
        ]
    }

    #[test]
    fn the_chart_is_well_formed_whatever_the_labels_hold() {
        let svg = draw(&rows(), "2 cores, a < b & c");
        assert!(is_well_formed(&svg), "{svg}");
        assert!(!is_well_formed(&svg.replace("</svg>", "")) && !is_well_formed(&svg.replace("&amp;", "&")));
    }

    #[test]
    fn a_row_with_a_goal_is_a_bar_and_its_colour_says_whether_it_is_met() {
        let svg = draw(&rows(), "");
        assert_eq!((svg.matches("<rect").count(), svg.matches("class=\"met\"").count()), (2, 1));
    }

    #[test]
    fn bars_never_leave_the_picture() {
        let far = [Row::timed("cold", "far past", "its goal", Goal::AtLeast(1.0), &[900.0])];
        let svg = draw(&far, "");
        assert!(svg.contains(&format!("width=\"{:.1}\"", WIDTH - LABELS - 110.0)), "{svg}");
    }
}
