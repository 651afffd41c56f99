//! The picture of a dashboard: small charts side by side, as an SVG that can be read on light and on dark.

use std::fmt::Write as _;

/// A stretch of time that is shaded.
pub(crate) struct Band {
    pub(crate) what: &'static str,
    /// Seconds since 1970.
    pub(crate) span: (f64, f64),
}

/// A panel over time.
pub(crate) struct Chart {
    pub(crate) title: String,
    /// Grafana's name of it.
    pub(crate) unit: String,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) name: String,
    /// Seconds since 1970, and the value, which may be no number.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 960.0;
const GAP: f64 = 12.0;
const TOP: f64 = 34.0;
/// Three of them, and the gaps around them, are as wide as the picture.
const CHART: (f64, f64) = (304.0, 160.0);
/// The plot inside its chart: left, top, right, bottom.
const PLOT: (f64, f64, f64, f64) = (48.0, 28.0, 10.0, 44.0);
const LEGEND_LINE: f64 = 14.0;
/// How wide a small letter is, about.
const LETTER: f64 = 5.1;

const STYLE: &str = "text{font:11px sans-serif;fill:#1f2328}.head{font-weight:bold}.small{font-size:10px;fill:#59636e}\
.chart{fill:#fff;stroke:#d1d9e0}.grid{stroke:#d1d9e0;stroke-width:.5}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}\
.band0{fill:#f59e0b;opacity:.18}.band1{fill:#ef4444;opacity:.18}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.chart{fill:#151b23;stroke:#3d444d}.grid{stroke:#3d444d}}";

/// In the order of the lines; each can be seen on light and on dark.
const COLOURS: [&str; 8] =
    ["#3b82f6", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#06b6d4", "#ec4899", "#84cc16"];

/// Draws all charts over the same time.
pub(crate) fn draw(span: (f64, f64), bands: &[Band], charts: &[Chart]) -> String {
    let title = format!("Atelier, both services: {:.0} seconds as Prometheus saw them", span.1 - span.0);
    let mut body = format!(r#"<text class="head" x="{GAP}" y="21">{}</text>"#, escaped(&title));
    let mut right = WIDTH - GAP;
    for (number, band) in bands.iter().enumerate().rev() {
        let _ = write!(
            body,
            r#"<text class="small" x="{right}" y="21" text-anchor="end">{}</text>"#,
            escaped(band.what)
        );
        right -= width(band.what) + GAP;
        let _ = write!(body, r#"<rect class="band{number}" x="{right:.0}" y="12" width="10" height="10"/>"#);
        right -= GAP;
    }
    let (mut x, mut y) = (GAP, TOP);
    for chart in charts {
        if x + CHART.0 > WIDTH {
            (x, y) = (GAP, y + CHART.1 + GAP);
        }
        let _ = write!(body, "\n<g transform=\"translate({x:.0} {y:.0})\">{}</g>", one(span, bands, chart));
        x += CHART.0 + GAP;
    }
    let height = y + CHART.1 + GAP;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n",
        escaped(&title)
    )
}

/// A chart with its own origin.
fn one(span: (f64, f64), bands: &[Band], chart: &Chart) -> String {
    let (left, top, width, height) = (PLOT.0, PLOT.1, CHART.0 - PLOT.0 - PLOT.2, CHART.1 - PLOT.1 - PLOT.3);
    let axis = Axis::of(chart);
    let at = |time: f64| left + (time - span.0) / (span.1 - span.0) * width;
    let up = |value: f64| top + height * (1.0 - axis.share(value));

    let mut out = format!(
        r#"<rect class="chart" width="{:.0}" height="{}" rx="4"/><text class="head" x="10" y="18">{}</text>"#,
        CHART.0,
        CHART.1,
        escaped(&chart.title)
    );
    for (number, Band { span: (from, to), .. }) in bands.iter().enumerate() {
        let (x, wide) = (at(*from), at(*to) - at(*from));
        let _ = write!(
            out,
            r#"<rect class="band{number}" x="{x:.1}" y="{top}" width="{wide:.1}" height="{height}"/>"#
        );
    }
    for value in &axis.ticks {
        let (y, right) = (up(*value), left + width);
        let _ = write!(
            out,
            r#"<path class="grid" d="M{left} {y:.1}H{right:.0}"/><text class="small" x="{:.0}" y="{:.1}" text-anchor="end">{}</text>"#,
            left - 5.0,
            y + 3.5,
            amount(*value, &chart.unit)
        );
    }
    for (line, colour) in chart.lines.iter().zip(COLOURS.iter().cycle()) {
        let _ = write!(out, r#"<path class="line" stroke="{colour}" d="{}"/>"#, path(&line.points, at, up));
    }
    out + &legend(&chart.lines)
}

/// What stands at the left of a plot, from its bottom to its top.
struct Axis {
    ticks: Vec<f64>,
    /// Whether ticks go by powers of ten, as durations do on the dashboard too.
    is_logarithmic: bool,
}

impl Axis {
    fn of(chart: &Chart) -> Self {
        let values = chart.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let values = values.filter(|value| value.is_finite());
        let highest = values.clone().fold(0.0, f64::max);
        if chart.unit == "s" && highest > 0.0 {
            let lowest = values.filter(|value| *value > 0.0).fold(highest, f64::min);
            let first = 10_f64.powf(lowest.log10().floor());
            let mut ticks = vec![first, first * 10.0];
            while ticks[ticks.len() - 1] < highest {
                ticks.push(ticks[ticks.len() - 1] * 10.0);
            }
            return Self { ticks, is_logarithmic: true };
        }
        let highest = round_up(highest);
        Self { ticks: vec![0.0, highest / 2.0, highest], is_logarithmic: false }
    }

    /// How far up a value stands: 0 is the bottom, 1 the top.
    fn share(&self, value: f64) -> f64 {
        let length = |value: f64| if self.is_logarithmic { value.log10() } else { value };
        let (first, last) = (length(self.ticks[0]), length(self.ticks[self.ticks.len() - 1]));
        (length(value) - first) / (last - first)
    }
}

/// Through all points that are numbers; where one is none, the line is broken.
fn path(points: &[(f64, f64)], at: impl Fn(f64) -> f64, up: impl Fn(f64) -> f64) -> String {
    let mut text = String::new();
    let mut command = 'M';
    for (time, value) in points {
        let y = up(*value);
        if y.is_finite() {
            let _ = write!(text, "{command}{:.0} {y:.1}", at(*time));
            command = 'L';
        } else {
            command = 'M';
        }
    }
    text
}

/// Names and their colours below the plot, two lines of them at most.
fn legend(lines: &[Line]) -> String {
    let mut out = String::new();
    let (mut x, mut y) = (10.0, CHART.1 - PLOT.3 + 20.0);
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let wide = width(&line.name) + 20.0;
        if x + wide > CHART.0 {
            (x, y) = (10.0, y + LEGEND_LINE);
        }
        if y > CHART.1 {
            break;
        }
        let _ = write!(
            out,
            r#"<rect x="{x:.0}" y="{:.0}" width="8" height="8" rx="2" fill="{colour}"/><text class="small" x="{:.0}" y="{y:.0}">{}</text>"#,
            y - 8.0,
            x + 11.0,
            escaped(&line.name)
        );
        x += wide;
    }
    out
}

/// How wide a text of the small kind is, about.
fn width(text: &str) -> f64 {
    LETTER * text.chars().map(|_| 1.0).sum::<f64>()
}

/// The next of 1, 2, 5, 10 and so on, up or down.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value * 0.999)
        .unwrap_or(value)
}

/// A value as it stands at an axis.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "s" if value > 0.0 && value < 1.0 => format!("{} ms", shortest(value * 1000.0)),
        "s" => format!("{} s", shortest(value)),
        "suffix:/s" => format!("{}/s", shortest(value)),
        "percentunit" => format!("{} %", shortest(value * 100.0)),
        _ => shortest(value),
    }
}

/// Two decimals at most, and none that is 0.
fn shortest(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn a_line_is_broken_where_there_is_no_number() {
    let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)];
    assert_eq!(path(&points, |time| time, |value| value), "M0 1.0L1 2.0M3 1.0");
}

#[test]
fn an_axis_ends_at_a_round_number_and_says_it_shortly() {
    for (value, unit, expected) in [
        (0.0, "short", "1"),
        (201.0, "suffix:/s", "500/s"),
        (0.2, "percentunit", "20 %"),
        (6.0, "short", "10"),
    ] {
        assert_eq!(amount(round_up(value), unit), expected);
    }
}

#[test]
fn durations_stand_between_powers_of_ten() {
    let line = Line { name: String::new(), points: vec![(0.0, 0.004), (1.0, 0.03), (2.0, 2.0), (3.0, 0.0)] };
    let axis = Axis::of(&Chart { title: String::new(), unit: "s".to_owned(), lines: vec![line] });
    let ticks: Vec<String> = axis.ticks.iter().map(|tick| amount(*tick, "s")).collect();
    assert_eq!(ticks, ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
    assert!((axis.share(0.1) - 0.5).abs() < 1e-9);
    assert!(!axis.share(0.0).is_finite(), "nothing takes no time");
}

#[test]
fn names_cannot_end_their_text() {
    let line = Line { name: "</text>&".to_owned(), points: vec![(0.0, 1.0)] };
    let chart = Chart { title: "<a>".to_owned(), unit: "short".to_owned(), lines: vec![line] };
    let svg = draw((0.0, 1.0), &[], &[chart]);
    assert!(svg.contains("&lt;/text&gt;&amp;") && svg.contains("&lt;a&gt;"), "{svg}");
}
