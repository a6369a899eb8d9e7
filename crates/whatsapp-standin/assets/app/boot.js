'use strict';
// Modules arrive; in the middle of it the page launches.
__standin.registerModules(3, () => {
  if (__standin.config.debug_global) {
    window.Debug = { VERSION: __standin.config.version };
  }
  __standin.connection.launch();
});
