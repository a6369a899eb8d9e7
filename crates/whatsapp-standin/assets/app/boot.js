'use strict';
// Registers the modules. The page launches in the middle of that.
__standin.registerModules(3, () => {
  if (__standin.config.debug_global) {
    window.Debug = { VERSION: __standin.config.version };
  }
  __standin.connection.launch();
});
