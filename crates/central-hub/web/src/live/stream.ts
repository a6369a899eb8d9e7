import { EVENTS_PATH } from '../api/endpoints';
import type {
  AckEvent,
  CampaignEvent,
  ConversationEvent,
  HubEvent,
  LimitsEvent,
  MessageEvent as InboundEvent,
  QrEvent,
  StateEvent,
} from '../api/types';
import type { LiveAction } from './reducer';

/** Delay before reopening a stream that the browser gave up on. */
const REOPEN_MS = 3_000;

/**
 * A sleeping phone drops connections silently, while the stream still looks
 * open. After this time in the background it is reopened; the first events
 * carry the current state, so nothing is missed.
 */
const STALE_MS = 30_000;

/**
 * Browsers open six HTTP/1.1 connections to a server, for all tabs: a seventh tab would wait for
 * ever. So a tab in the background gives its stream up once so many tabs opened theirs later, which
 * notify the user in its place. It opens the stream again when it is shown.
 */
const MAX_NEWER_TABS = 3;
const TABS = 'leadmaster-streams';

function parse<T>(event: Event): T | null {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return null;
  }
}

/**
 * Follows `GET /api/events` until the returned function is called.
 *
 * The browser reconnects a dropped connection by itself; after a response that
 * is not a stream (a 502 of a proxy, for example) it gives up, so a new stream
 * is created here.
 */
export function follow(dispatch: (action: LiveAction) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hiddenAt: number | null = null;
  /** Event id from which a reopened stream resumes; a dropped one keeps it itself. */
  let last = '';

  let tabs: BroadcastChannel | null = null;
  let newerTabs = 0;

  function yieldToNewer() {
    if (newerTabs >= MAX_NEWER_TABS && document.visibilityState === 'hidden') close();
  }

  function announce() {
    newerTabs = 0;
    tabs = new BroadcastChannel(TABS);
    tabs.addEventListener('message', () => {
      newerTabs += 1;
      yieldToNewer();
    });
    tabs.postMessage('opened');
  }

  function read<T>(event: Event): T | null {
    last = (event as MessageEvent<string>).lastEventId || last;
    return parse<T>(event);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
    tabs?.close();
    tabs = null;
  }

  function open() {
    close();
    announce();
    const next = new EventSource(last ? `${EVENTS_PATH}?after=${last}` : EVENTS_PATH);
    source = next;
    next.addEventListener('open', () => dispatch({ type: 'opened' }));
    next.addEventListener('error', () => {
      dispatch({ type: 'lost' });
      if (next.readyState === EventSource.CLOSED) timer = setTimeout(open, REOPEN_MS);
    });
    next.addEventListener('state', (raw) => {
      const event = read<StateEvent>(raw);
      if (event) dispatch({ type: 'state', event });
    });
    next.addEventListener('qr', (raw) => {
      const event = read<QrEvent>(raw);
      if (event) dispatch({ type: 'qr', event, now: performance.now() });
    });
    next.addEventListener('ack', (raw) => {
      const event = read<AckEvent>(raw);
      if (event) dispatch({ type: 'ack', event });
    });
    next.addEventListener('hub', (raw) => {
      const event = read<HubEvent>(raw);
      if (event) dispatch({ type: 'hub', event });
    });
    next.addEventListener('message', (raw) => {
      const event = read<InboundEvent>(raw);
      if (event) dispatch({ type: 'message', event });
    });
    next.addEventListener('limits', (raw) => {
      const event = read<LimitsEvent>(raw);
      if (event) dispatch({ type: 'limits', event });
    });
    next.addEventListener('sending', () => dispatch({ type: 'sending' }));
    next.addEventListener('conversation', (raw) => {
      const event = read<ConversationEvent>(raw);
      if (event) dispatch({ type: 'conversation', event });
    });
    next.addEventListener('campaign', (raw) => {
      const event = read<CampaignEvent>(raw);
      if (event) dispatch({ type: 'campaign', event });
    });
  }

  function reopenNow() {
    if (source?.readyState !== EventSource.OPEN) open();
  }

  function visibilityChanged() {
    if (document.visibilityState === 'hidden') {
      hiddenAt = Date.now();
      yieldToNewer();
      return;
    }
    if (hiddenAt !== null && Date.now() - hiddenAt > STALE_MS) open();
    else reopenNow();
    hiddenAt = null;
  }

  /** Opens the stream of a page that the browser kept and shows again. */
  function pageShown(event: Event) {
    if ((event as PageTransitionEvent).persisted) open();
  }

  open();
  // A page that was left is kept for the way back, with its connection. Browsers open six to a
  // server, so after six such pages the next one would wait for ever.
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', pageShown);
  // A laptop that wakes up should not wait for the browser's backoff.
  window.addEventListener('online', reopenNow);
  document.addEventListener('visibilitychange', visibilityChanged);
  return () => {
    window.removeEventListener('pagehide', close);
    window.removeEventListener('pageshow', pageShown);
    window.removeEventListener('online', reopenNow);
    document.removeEventListener('visibilitychange', visibilityChanged);
    close();
  };
}
