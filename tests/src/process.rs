//! What the system says of other processes.

/// The state letter of a process; `None` when there is none of this number.
#[must_use]
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // Before it stands the process's name in parentheses, which may have anything in it.
    stat.rsplit_once(") ")?.1.chars().next()
}

/// The resident memory of a process, in MB; `None` when there is none of this number.
#[must_use]
pub fn resident(pid: u32) -> Option<f64> {
    let status = std::fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let rest = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1.024 / 1000.0)
}

/// Whether a process runs: one that has ended and that nobody has waited for does not.
#[must_use]
pub fn runs(pid: u32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}
