'use strict';
// The module registry that real clients search. `__d` defines, `require` and `importNamespace`
// load, `require('__debug').modulesMap` lists. Modules are defined progressively, as the bundles of
// the real page arrive.
(() => {
  const modules = Object.create(null);
  const waiting = [];

  function define(id, dependencies, factory) {
    modules[id] = { id, dependencies, factory, loaded: false, exports: undefined, namespace: null };
  }

  function load(id) {
    const module = modules[id];
    if (!module) {
      throw new Error(`Requiring unknown module "${id}"`);
    }
    if (!module.loaded) {
      module.loaded = true;
      module.exports = {};
      const made = module.factory(window, load, namespaceDefault, namespace, null, module, module.exports);
      if (made !== undefined) {
        module.exports = made;
      }
    }
    return module;
  }

  function requireModule(id) {
    if (id === '__debug') {
      return { modulesMap: modules };
    }
    return load(id).exports;
  }

  // A module that is a single class or function shows as `{default: it}` here.
  function namespace(id) {
    const module = load(id);
    if (typeof module.exports !== 'function') {
      return module.exports;
    }
    module.namespace ??= { default: module.exports };
    return module.namespace;
  }

  function namespaceDefault(id) {
    return namespace(id).default;
  }

  window.ErrorGuard = { skipGuardGlobal() {}, applyWithGuard: (f, context, args) => f.apply(context, args ?? []) };
  window.importNamespace = namespace;
  window.importDefault = namespaceDefault;
  window.requireLazy = (ids, then) => setTimeout(() => then?.(...ids.map(requireModule)), 0);
  window.__d = define;
  window.require = requireModule;

  const config = JSON.parse(document.getElementById('standin-config').textContent);

  // What the page's own files share. Clients must not use this.
  const standin = {
    config,
    silentUntil: 0,
    /** Queues a module. `bundle` (0 to 5) says how early it arrives. */
    module(bundle, id, make) {
      if (config.withheld_modules.includes(id)) return;
      waiting.push({ bundle, id, make });
    },
    /** Defines the queued modules, bundle by bundle, spread over the configured time. */
    registerModules(launchAt, launch) {
      const bundles = 6;
      const step = config.module_spread_ms / (bundles - 1);
      for (let bundle = 0; bundle < bundles; bundle++) {
        const arrive = () => {
          for (const { id, make } of waiting.filter((m) => m.bundle === bundle)) {
            define(id, [], () => make());
          }
          if (bundle === launchAt) {
            launch();
          }
        };
        if (bundle === 0) arrive();
        else setTimeout(arrive, step * bundle);
      }
    },
  };
  window.__standin = standin;
})();
