//! `solti-host top`: a live view of a service.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::{cursor, event, execute, queue, style, terminal};
use serde_json::Value;
use solti_plugin_client::Client;

use super::service::{sentence, with_service};
use super::view::{TaskList, roughly};
use super::{plugins, tasks};
use crate::args::TopArgs;
use crate::exit::Exit;
use crate::present::style::Colours;
use crate::present::tables;

/// Over how long rates are measured.
const WINDOW: Duration = Duration::from_secs(10);

/// The height of a terminal that does not say how high it is.
const USUAL_HEIGHT: u16 = 24;

/// How often the keys are looked at.
const KEYS: Duration = Duration::from_millis(50);

/// Shows it until a key or a signal ends it.
///
/// # Errors
///
/// When the service does not answer at first, or the terminal cannot be used.
pub(in crate::commands) fn top(args: &TopArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let mut rates = Rates::default();
            let mut shown = look(&client, &mut rates).await.map_err(sentence)?;
            if !io::stdout().is_terminal() {
                tables::print(&shown)?;
                return Ok(Exit::Success);
            }
            let _screen = Screen::enter().context("the terminal")?;
            loop {
                draw(&shown).context("the terminal")?;
                if wait_for_key(*args.every).await? {
                    return Ok(Exit::Success);
                }
                shown = match look(&client, &mut rates).await {
                    Ok(shown) => shown,
                    Err(err) if err.may_pass() => format!("{err}\ntrying again"),
                    Err(err) => return Err(sentence(err)),
                };
            }
        },
    )
}

/// The terminal, which is given back as it was.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let screen = Self;
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = execute!(io::stdout(), cursor::Show, terminal::LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

/// Waits; whether somebody wants to end it.
async fn wait_for_key(most: Duration) -> anyhow::Result<bool> {
    let until = Instant::now() + most;
    loop {
        while event::poll(Duration::ZERO).context("the terminal")? {
            match event::read().context("the terminal")? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    let control = key.modifiers.contains(KeyModifiers::CONTROL);
                    match key.code {
                        KeyCode::Char('q') | KeyCode::Esc => return Ok(true),
                        KeyCode::Char('c') if control => return Ok(true),
                        _ => {}
                    }
                }
                Event::Resize(..) => return Ok(false),
                _ => {}
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        tokio::time::sleep(left.min(KEYS)).await;
    }
}

/// Draws as many lines as there is room for.
fn draw(shown: &str) -> io::Result<()> {
    // One that does not say how high it is has as many lines as terminals used to.
    let height = match terminal::size() {
        Ok((_, height)) if height > 0 => height,
        _ => USUAL_HEIGHT,
    };
    let mut stdout = io::stdout().lock();
    queue!(stdout, cursor::MoveTo(0, 0))?;
    for line in shown.lines().take(usize::from(height)) {
        let clear = terminal::Clear(terminal::ClearType::UntilNewLine);
        queue!(stdout, style::Print(line), clear, cursor::MoveToNextLine(1))?;
    }
    queue!(stdout, terminal::Clear(terminal::ClearType::FromCursorDown))?;
    stdout.flush()
}

/// Counts that grow, over the last seconds.
#[derive(Default)]
struct Rates(VecDeque<(Instant, [f64; 3])>);

impl Rates {
    /// Adds what is counted now; how much a second that is.
    fn add(&mut self, counts: [f64; 3]) -> [f64; 3] {
        let now = Instant::now();
        self.0.push_back((now, counts));
        while self.0.len() > 2 && now - self.0[0].0 > WINDOW {
            self.0.pop_front();
        }
        let (since, before) = self.0[0];
        let seconds = (now - since).as_secs_f64();
        // Another service counts from nothing.
        if counts.iter().zip(&before).any(|(now, before)| now < before) {
            self.0.clear();
        }
        let rate = |at: usize| ((counts[at] - before[at]) / seconds.max(0.001)).max(0.0);
        [rate(0), rate(1), rate(2)]
    }
}

/// Looks at the service once.
async fn look(
    client: &Client,
    rates: &mut Rates,
) -> Result<String, solti_plugin_client::ClientError> {
    let metrics = client.text("/metrics").await?;
    let running: TaskList = client
        .get("/v1/tasks?ended=false&phase=running&limit=100")
        .await?;
    let last: TaskList = client.get("/v1/tasks?ended=true&limit=10").await?;
    let all: Value = client.get("/v1/plugins").await?;
    let of = |family: &str| sum(&metrics, family);
    let [ended, lines, bytes] = rates.add([
        of("solti_tasks_ended_total"),
        of("solti_plugin_output_lines_total"),
        of("solti_plugin_output_bytes_total"),
    ]);
    let started = of("process_start_time_seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let up = now.map_or(0.0, |now| (now.as_secs_f64() - started).max(0.0));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}  up {}  memory {:.0} MB  {} of {} descriptors",
        client.address(),
        roughly(Duration::from_secs_f64(up)),
        of("process_resident_memory_bytes") / 1e6,
        of("process_open_fds"),
        of("process_max_fds"),
    );
    let _ = writeln!(
        text,
        "{} running  {} waiting  {ended:.1} tasks/s  {lines:.0} lines/s  {:.2} MB/s",
        of("solti_tasks_running"),
        of("solti_tasks_waiting"),
        bytes / 1e6,
    );
    let colour = Colours::detect().stdout;
    let _ = writeln!(text, "\n{}", plugins::table(&all, colour));
    if !running.tasks.is_empty() {
        let _ = writeln!(text, "\nrunning\n{}", tasks::table(&running.tasks));
    }
    if !last.tasks.is_empty() {
        let _ = writeln!(text, "\nended\n{}", tasks::table(&last.tasks));
    }
    Ok(text)
}

/// The sum of the samples of a family.
fn sum(metrics: &str, family: &str) -> f64 {
    let samples = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(family)?;
        let is_it = rest.starts_with([' ', '{']);
        is_it
            .then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())
            .flatten()
    });
    samples.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_summed_over_its_labels_and_no_other_is_taken_for_it() {
        let metrics =
            "# TYPE a_total counter\na_total{x=\"1 2\"} 3\na_total{x=\"b\"} 4\na_totals 9\nb 1.5\n";
        assert_eq!(sum(metrics, "a_total"), 7.0);
        assert_eq!(sum(metrics, "b"), 1.5);
        assert_eq!(sum(metrics, "none"), 0.0);
    }
}
