'use strict';
// The event emitter under all models. Several names in one string, separated by blanks, stand for
// several events.
(() => {
  class EventEmitter {
    constructor() {
      Object.defineProperty(this, '_listeners', { value: new Map(), enumerable: false });
    }

    on(names, listener, context) {
      if (typeof listener !== 'function') {
        throw new TypeError('Callback parameter passed is not a function');
      }
      for (const name of split(names)) {
        if (!this._listeners.has(name)) this._listeners.set(name, []);
        this._listeners.get(name).push({ listener, context });
      }
      return this;
    }

    once(names, listener, context) {
      for (const name of split(names)) {
        const only = (...args) => {
          this.off(name, only);
          listener.apply(context ?? this, args);
        };
        only.original = listener;
        this.on(name, only, context);
      }
      return this;
    }

    off(names, listener, context) {
      const given = names === undefined ? [...this._listeners.keys()] : split(names);
      for (const name of given) {
        const left = (this._listeners.get(name) ?? []).filter(
          (l) =>
            (listener && l.listener !== listener && l.listener.original !== listener) ||
            (context && l.context !== context),
        );
        if (left.length) this._listeners.set(name, left);
        else this._listeners.delete(name);
      }
      return this;
    }

    trigger(name, ...args) {
      // Simulate a page in trouble: changes happen, but no listener is notified.
      if (Date.now() < __standin.silentUntil) return this;
      this._call(name, name, args);
      this._call('all', name, args);
      return this;
    }

    _call(under, name, args) {
      const listeners = this._listeners.get(under);
      if (!listeners) return;
      for (const { listener, context } of [...listeners]) {
        try {
          listener.apply(context ?? this, under === 'all' ? [name, ...args] : args);
        } catch (error) {
          // An error of one listener must not affect the others, but still reaches the console.
          setTimeout(() => {
            throw error;
          }, 0);
        }
      }
    }

    listenTo(other, names, listener) {
      other.on(names, listener, this);
      return this;
    }

    listenToOnce(other, names, listener) {
      other.once(names, listener, this);
      return this;
    }

    listenToAndRun(other, names, listener) {
      this.listenTo(other, names, listener);
      listener.call(this);
      return this;
    }

    stopListening(other, names, listener) {
      other?.off(names, listener, this);
      return this;
    }

    isListening(name) {
      return this._listeners.has(name);
    }

    bind(...args) { return this.on(...args); }
    unbind(...args) { return this.off(...args); }
    emit(...args) { return this.trigger(...args); }
    removeListener(...args) { return this.off(...args); }
    removeAllListeners() { return this.off(); }
  }

  function split(names) {
    return typeof names === 'string' ? names.trim().split(/\s+/) : [names];
  }

  __standin.EventEmitter = EventEmitter;
  __standin.module(0, 'WAWebEventEmitter', () => ({ default: EventEmitter }));
})();
