// Runs before the first paint, so that a dark page does not flash white. A file of
// its own because the hub's Content-Security-Policy refuses inline scripts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('mantine-color-scheme-value');
  } catch (_) {
    // Storage may be switched off: follow the system.
  }
  var dark =
    choice === 'dark' ||
    (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
