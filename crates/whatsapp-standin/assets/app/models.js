'use strict';
// Models with observed attributes, and collections of them by id.
(() => {
  const { EventEmitter } = __standin;

  /** Makes `key` an attribute of a class: reading and writing the property goes through it. */
  function attribute(proto, key) {
    if (key in proto) return;
    Object.defineProperty(proto, key, {
      configurable: true,
      enumerable: false,
      get() {
        return this._attributes?.[key];
      },
      set(value) {
        if (this._attributes) this.set(key, value);
      },
    });
  }

  class BaseModel extends EventEmitter {
    constructor(attributes = {}) {
      super();
      Object.defineProperty(this, '_attributes', { value: {}, enumerable: false });
      Object.defineProperty(this, '_collections', { value: new Set(), enumerable: false });
      this.set({ ...this.constructor.defaults, ...attributes }, { silent: true });
      this.initialize();
    }

    initialize() {}

    get attributes() {
      return this._attributes;
    }

    get collection() {
      return this._collections.values().next().value;
    }

    get isState() {
      return true;
    }

    get(key) {
      return this[key];
    }

    set(key, value, options = {}) {
      let changes = { [key]: value };
      if (typeof key === 'object') {
        changes = key;
        options = value ?? {};
      }
      const changed = [];
      for (const [name, next] of Object.entries(changes)) {
        attribute(this.constructor.prototype, name);
        const previous = this._attributes[name];
        if (previous === next) continue;
        this._attributes[name] = next;
        changed.push([name, next, previous]);
      }
      if (!options.silent && changed.length) {
        for (const [name, next, previous] of changed) {
          this._tell(`change:${name}`, this, next, previous);
        }
        this._tell('change', this);
      }
      return this;
    }

    unset(keys) {
      for (const key of [].concat(keys)) this.set(key, undefined);
    }

    _tell(name, ...args) {
      this.trigger(name, ...args);
      for (const collection of this._collections) collection.trigger(name, ...args);
    }

    serialize() {
      return { ...this._attributes };
    }

    toJSON() {
      return this.serialize();
    }
  }

  /** Returns the id of a model, a Wid, a MsgKey or a text, as text. */
  function idText(id) {
    if (id === undefined || id === null) return undefined;
    if (typeof id === 'string') return id;
    if (id instanceof BaseModel) return idText(id.id);
    return id._serialized ?? id.toString();
  }

  class Collection extends EventEmitter {
    constructor(models) {
      super();
      if (!this.constructor.model) {
        throw new Error('Collection initialized without model');
      }
      Object.defineProperty(this, '_byId', { value: new Map(), enumerable: false });
      Object.defineProperty(this, '_array', { value: null, writable: true, enumerable: false });
      if (models) this.add(models);
    }

    get modelClass() {
      return this.constructor.model;
    }

    // In order of arrival. The array is rebuilt only after a change.
    get _models() {
      this._array ??= [...this._byId.values()];
      return this._array;
    }

    get models() { return this._models; }
    get length() { return this._byId.size; }

    add(given, options = {}) {
      const added = [].concat(given).map((one) => {
        const known = this.get(one instanceof BaseModel ? one : one.id);
        if (known) {
          if (options.merge && known !== one) known.set(one instanceof BaseModel ? one._attributes : one);
          return known;
        }
        const Class = this.modelClass;
        const model = one instanceof BaseModel ? one : new Class(one);
        this._byId.set(idText(model), model);
        this._array = null;
        model._collections.add(this);
        if (!options.silent) this.trigger('add', model, this, options);
        return model;
      });
      return Array.isArray(given) ? added : added[0];
    }

    set(given, options) { return this.add(given, { merge: true, ...options }); }

    remove(given) {
      const removed = [];
      for (const one of [].concat(given)) {
        const model = this.get(one);
        if (!model) continue;
        this._byId.delete(idText(model));
        this._array = null;
        model._collections.delete(this);
        removed.push(model);
        this.trigger('remove', model, this);
      }
      return removed;
    }

    /** Replaces the id of a model. */
    replaceId(from, to) {
      const model = this._byId.get(idText(from));
      if (!model) return;
      // Keep its position, since the order is that of arrival.
      const all = [...this._byId].map(([key, one]) => [one === model ? idText(to) : key, one]);
      this._byId.clear();
      for (const [key, one] of all) this._byId.set(key, one);
      this._array = null;
    }

    reset() {
      for (const model of this._byId.values()) model._collections.delete(this);
      this._byId.clear();
      this._array = null;
      this.trigger('reset', this);
    }

    sort() {
      this.trigger('sort', this);
      return this;
    }

    get(id) { return this._byId.get(idText(id)); }

    assertGet(id) {
      const model = this.get(id);
      if (!model) throw new Error(`not in the collection: ${idText(id)}`);
      return model;
    }

    at(index) { return this._models.at(index); }
    head() { return this._models[0]; }
    last() { return this._models.at(-1); }
    toArray() { return [...this._models]; }
    getModelsArray() { return [...this._models]; }
    includes(model) { return this.get(model) === model; }
    isModel(model) { return model instanceof this.modelClass; }
    where(ids) { return ids.map((id) => this.get(id)).filter(Boolean); }
    findFirst(test) { return this._models.find(test); }
    serialize() { return this._models.map((model) => model.serialize()); }
    toJSON() { return this._models.map((model) => model.toJSON()); }
    [Symbol.iterator]() { return this._models[Symbol.iterator](); }
  }

  for (const method of ['forEach', 'map', 'filter', 'some', 'every', 'reduce', 'slice', 'indexOf', 'lastIndexOf']) {
    Collection.prototype[method] = function (...args) {
      return this._models[method](...args);
    };
  }

  class BaseCollection extends Collection {
    async find(id) {
      return this.get(id) ?? this.gadd(id);
    }

    async update(id) { return this.find(id); }
    async findQuery(id) { return this.get(id); }
    gadd(id) { return this.get(id) ?? this.add({ id }); }
    initializeFromCache() {}
    saveToCache() {}
    isStateStale() { return false; }
  }

  Object.assign(__standin, { BaseModel, Collection, BaseCollection, idText });
  __standin.module(0, 'WAWebBaseModel', () => ({
    BaseModel,
    defineModel: (name, Class) => {
      Class.prototype.proxyName = name;
      return Class;
    },
  }));
  __standin.module(0, 'WAWebCollection', () => ({ default: Collection }));
  __standin.module(0, 'WAWebBaseCollection', () => ({ BaseCollection }));
})();
