// Runs while the page's own code is on its way. A file of its own because the hub's
// Content-Security-Policy refuses inline scripts.

// Sets the color scheme before the first paint, so that a dark page does not flash white.
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

// The first format of a date with a time zone has the browser load its data of zones, which takes
// a slow phone a tenth of a second.
setTimeout(function () {
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', hour: '2-digit' }).format(0);
  new Intl.DateTimeFormat('es-AR', { timeZone: 'UTC', weekday: 'long' }).format(0);
  new Intl.NumberFormat('es-AR').format(0);
});
