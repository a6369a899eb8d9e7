import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { LiveAction } from './reducer';
import { follow } from './stream';

class FakeSource extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static made: FakeSource[] = [];
  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }

  tell(name: string, data: string, lastEventId = '') {
    this.dispatchEvent(new MessageEvent(name, { data, lastEventId }));
  }

  fail(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

class FakeDocument extends EventTarget {
  visibilityState = 'visible';

  show(visibilityState: 'visible' | 'hidden') {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** Another tab, of those with the same channel. */
class FakeChannel extends EventTarget {
  static open = new Set<FakeChannel>();

  constructor() {
    super();
    FakeChannel.open.add(this);
  }

  postMessage(data: unknown) {
    for (const other of FakeChannel.open) {
      if (other !== this) other.dispatchEvent(new MessageEvent('message', { data }));
    }
  }

  close() {
    FakeChannel.open.delete(this);
  }
}

const openTabs = (count: number) => {
  for (let n = 0; n < count; n += 1) new FakeChannel().postMessage('opened');
};

const latest = () => {
  const source = FakeSource.made.at(-1);
  if (!source) throw new Error('no stream was opened');
  return source;
};

let actions: LiveAction[];
let screen: FakeDocument;
let network: EventTarget;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  FakeChannel.open.clear();
  actions = [];
  screen = new FakeDocument();
  network = new EventTarget();
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('BroadcastChannel', FakeChannel);
  vi.stubGlobal('document', screen);
  vi.stubGlobal('window', network);
  stop = follow((action) => actions.push(action));
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the stream', () => {
  it('passes on the hub’s events, and skips unreadable ones', () => {
    latest().tell('hub', '{"session_manager":"up","dry_run":true}');
    latest().tell('state', 'not json');
    latest().tell('something-new', '{}');
    expect(actions).toEqual([{ type: 'hub', event: { session_manager: 'up', dry_run: true } }]);
  });

  it('resumes after the last event id when reopened', () => {
    expect(latest().url).not.toContain('after');
    latest().tell('state', '{}', '17');
    latest().tell('hub', '{}');
    latest().fail(FakeSource.CLOSED);
    vi.advanceTimersByTime(60_000);
    expect(latest().url).toMatch(/\?after=17$/);
  });

  it('leaves reconnecting to the browser', () => {
    latest().fail(0);
    vi.advanceTimersByTime(60_000);
    expect(actions).toEqual([{ type: 'lost' }]);
    expect(FakeSource.made).toHaveLength(1);
  });

  it('reopens after the browser gave up', () => {
    latest().fail(FakeSource.CLOSED);
    expect(FakeSource.made).toHaveLength(1);
    vi.advanceTimersByTime(3_000);
    expect(FakeSource.made).toHaveLength(2);
  });

  it('reopens at once when the network is back', () => {
    latest().fail(0);
    network.dispatchEvent(new Event('online'));
    expect(FakeSource.made).toHaveLength(2);
  });

  it('reopens after a long time in the background, not after a short one', () => {
    latest().readyState = FakeSource.OPEN;
    screen.show('hidden');
    vi.advanceTimersByTime(5_000);
    screen.show('visible');
    expect(FakeSource.made).toHaveLength(1);
    screen.show('hidden');
    vi.advanceTimersByTime(31_000);
    screen.show('visible');
    expect(FakeSource.made).toHaveLength(2);
    expect(FakeSource.made[0]?.readyState).toBe(FakeSource.CLOSED);
  });

  it('leaves the connection to newer tabs in the background, and takes it again when shown', () => {
    latest().readyState = FakeSource.OPEN;
    screen.show('hidden');
    openTabs(2);
    expect(latest().readyState).toBe(FakeSource.OPEN);
    openTabs(1);
    expect(latest().readyState).toBe(FakeSource.CLOSED);
    vi.advanceTimersByTime(10_000);
    screen.show('visible');
    expect(FakeSource.made).toHaveLength(2);
    // A tab in view keeps its stream, until it is left.
    openTabs(5);
    expect(latest().readyState).not.toBe(FakeSource.CLOSED);
    screen.show('hidden');
    expect(latest().readyState).toBe(FakeSource.CLOSED);
  });

  it('ends when stopped', () => {
    latest().fail(FakeSource.CLOSED);
    stop();
    vi.advanceTimersByTime(60_000);
    network.dispatchEvent(new Event('online'));
    expect(FakeSource.made).toHaveLength(1);
  });

  it('is closed when the page is left, and opened anew when the browser shows it again', () => {
    network.dispatchEvent(new Event('pagehide'));
    expect(latest().readyState).toBe(FakeSource.CLOSED);
    expect(FakeSource.made).toHaveLength(1);
    // A page that was loaded and not kept has its stream already.
    network.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
    expect(FakeSource.made).toHaveLength(1);
    network.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    expect(FakeSource.made).toHaveLength(2);
    expect(latest().readyState).not.toBe(FakeSource.CLOSED);
  });
});
