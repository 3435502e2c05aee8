// Runs before the first paint, so that a page that is set to dark does not flash in white.
(() => {
  try {
    const theme = localStorage.getItem('solti.theme');
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system's choice stands.
  }
})();
