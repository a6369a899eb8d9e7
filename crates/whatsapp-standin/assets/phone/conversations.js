'use strict';
// Shows what was written on both sides, and what became of it. Everything in a message is foreign:
// it only becomes text, or the address of a file of this server.

const SHOWN = 100;
const TICKS = { '-1': 'falló', 1: '✓', 2: '✓✓ entregado', 3: '✓✓ leído', 4: '✓✓ reproducido' };
const KINDS = {
  image: 'foto', video: 'video', ptv: 'video mensaje', audio: 'sonido', ptt: 'mensaje de voz', sticker: 'sticker', document: 'documento',
  location: 'lugar', vcard: 'contacto', multi_vcard: 'contactos', poll_creation: 'encuesta', order: 'pedido', call_log: 'llamada perdida', album: 'álbum', pinned_message: 'mensaje fijado',
};

const idOf = (key) => key.split('_')[2];

/** Brings a message of the account into the form that is drawn. */
function ofAccount(message) {
  const { key, id, to, kind, acks, times_received: times, caption, body, earlier, deleted, file, location, cards, quoted, mentions, reacts_to: reactsTo } = message;
  return {
    key, id, phone: to, kind, acks, times, deleted, file, location, cards, quoted, mentions, reactsTo,
    at: Date.parse(message.at), who: `para ${to}`, text: caption ?? body, earlier: earlier ?? [], reactions: {},
  };
}

/** Brings a message of a lead, or the owner's own one, into the same form. */
function ofLead({ key, id, chat, from_me: own, name, phone, at, kind, subtype, body, fields = {} }) {
  const number = phone ?? chat.split('@')[0];
  const { directPath, mimetype, filename, size, duration, width, height, isGif, lat, lng, loc, isLive, vcardList, ctwaContext, listResponse } = fields;
  const choice = listResponse?.singleSelectReply.selectedRowId ?? fields.selectedId ?? fields.selectedButtonId;
  return {
    key, id, phone: number, kind: kind ?? 'chat', at: at * 1000, lead: !own, earlier: [], reactions: {},
    who: own ? `del administrador para ${number}` : `de ${name ? `${name}, ` : ''}${number}`,
    text: fields.caption ?? body,
    file: directPath && { path: directPath, mime: mimetype, filename, size, seconds: duration, width, height, gif: isGif, thumbnail: fields.body },
    location: lat === undefined ? undefined : { latitude: lat, longitude: lng, text: loc, live: isLive },
    cards: vcardList?.map((card) => card.vcard) ?? (kind === 'vcard' ? [fields.body] : undefined),
    poll: kind === 'poll_creation' ? { name: fields.pollName, options: fields.pollOptions.map((option) => option.name), multiple: fields.pollSelectableOptionsCount !== 1 } : undefined,
    choice: choice === undefined ? undefined : [choice, listResponse?.description].filter(Boolean).join(', '),
    order: kind === 'order' ? `Pedido ${fields.orderId}: ${fields.orderTitle} · ${fields.itemCount} productos · ${fields.totalAmount1000 / 1000} ${fields.totalCurrencyCode}` : undefined,
    ad: ctwaContext && `Viene de un anuncio de ${ctwaContext.sourceApp}: ${[ctwaContext.title, ctwaContext.description, ctwaContext.sourceUrl].filter(Boolean).join(' · ')}`,
    forwarded: fields.isForwarded, once: fields.isViewOnce || Boolean(subtype), quoted: fields.quotedStanzaID,
    call: kind === 'call_log' ? (fields.isVideoCall ? 'Videollamada perdida' : 'Llamada perdida') : undefined,
  };
}

/** Applies what the leads changed: their own messages, and reactions to any. The account's own
 * reactions from the phone are among them. */
function applyChanges(byId, changes) {
  for (const { kind, target, text, account_at: ownTime } of changes) {
    const message = byId.get(idOf(target));
    if (!message || message.deleted) continue;
    if (ownTime) Object.assign(message, { reactedAt: ownTime, reactions: { ...message.reactions, account: text } });
    else if (kind === 'reaction') message.reactions.lead = text;
    else if (kind === 'revoke') message.deleted = true;
    else {
      message.earlier.push(message.text);
      message.text = text;
    }
  }
}

/** Returns all messages, the newest first, each with its changes. */
async function conversations() {
  const [sent, written, changes] = await Promise.all(['messages', 'lead-messages', 'lead-changes'].map((path) => call(path)));
  const all = [...sent.map(ofAccount), ...written.map(ofLead)];
  const byId = new Map(all.map((message) => [message.id, message]));
  applyChanges(byId, changes);
  const listed = all.filter(({ kind, reactsTo, text, at }) => {
    const target = kind === 'reaction' && byId.get(reactsTo);
    if (target && !(target.reactedAt > at)) target.reactions.account = text;
    return !target;
  });
  // The quoted message may have changed since.
  for (const message of listed) {
    const { quoted } = message;
    message.quote = quoted && (byId.has(quoted) ? brief(byId.get(quoted)) : quoted);
  }
  // A lead's message has the second of its time alone: within one, the later ones come first as well.
  return listed.reverse().sort((a, b) => b.at - a.at).slice(0, SHOWN);
}

/** Returns a message in a few words. */
function brief({ deleted, text, kind, poll, location }) {
  if (deleted) return 'mensaje eliminado';
  return (text || poll?.name || location?.text.split('\n')[0] || KINDS[kind] || kind).slice(0, 80);
}

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`);

function drawFile({ kind, file }) {
  const src = `/phone/api/files?${new URLSearchParams({ path: file.path })}`;
  const name = file.filename ?? KINDS[kind] ?? kind;
  const link = element('a', `⬇ ${file.filename ?? 'Descargar'} · ${size(file.size ?? 0)}`, { href: src, download: name });
  const preview = file.thumbnail ? { poster: `data:image/jpeg;base64,${file.thumbnail}` } : {};
  let shown = null;
  if (kind === 'image' || kind === 'sticker') shown = element('img', undefined, { src, alt: name, class: kind });
  else if (kind === 'audio' || kind === 'ptt') shown = element('audio', undefined, { src, controls: '', preload: 'metadata' });
  else if (file.gif) shown = element('video', undefined, { src, loop: '', autoplay: '', playsinline: '', ...preview });
  else if (kind === 'video' || kind === 'ptv') shown = element('video', undefined, { src, controls: '', preload: 'metadata', class: kind, ...preview });
  // The attribute alone does not silence a film that a script made, and browsers start none with sound.
  if (file.gif && shown) shown.muted = true;
  // The server has it no more, or this browser cannot show it.
  shown?.addEventListener('error', () => shown.replaceWith(element('p', 'No se puede mostrar acá.')), { once: true });
  const about = [file.gif ? 'GIF' : (KINDS[kind] ?? kind), file.mime, file.seconds && `${file.seconds} s`, file.width && `${file.width} × ${file.height}`];
  const line = element('p');
  line.append(link, element('small', ` · ${about.filter(Boolean).join(' · ')}`));
  return shown ? [shown, line] : [line];
}

/** Returns a contact card as its name and its numbers. */
function drawCard(card) {
  const value = (line) => line.slice(line.indexOf(':') + 1).replace(/\\([,;\\])/g, '$1');
  const read = (name) => card.split(/\r?\n/).filter((line) => new RegExp(`^(item\\d+\\.)?${name}[:;]`, 'i').test(line)).map(value);
  return element('p', `👤 ${[...read('FN').slice(0, 1), ...read('TEL')].join(' · ')}`);
}

function drawContent(message) {
  const { file, location, cards, poll, choice, order, ad, call: missed, text, kind } = message;
  const parts = [];
  const add = (...made) => parts.push(...made);
  const note = (words) => add(element('small', words));
  if (message.forwarded) note('↪ Reenviado');
  if (ad) note(ad);
  if (message.once) note('Para ver una vez');
  if (message.quote) add(element('blockquote', `↩ ${message.quote}`));
  if (file) add(...drawFile(message));
  if (location) {
    const { latitude, longitude, live } = location;
    add(element('p', `📍 ${[live && 'Ubicación en tiempo real', location.text, `${latitude}, ${longitude}`].filter(Boolean).join('\n')}`));
  }
  if (cards) add(...cards.map(drawCard));
  if (poll) {
    const options = element('ul');
    options.append(...poll.options.map((option) => element('li', option)));
    add(element('p', `📊 ${poll.name} (${poll.multiple ? 'se pueden elegir varias' : 'se elige una'})`), options);
  }
  if (order) add(element('p', `🛒 ${order}`));
  if (missed) add(element('p', `📞 ${missed}`));
  if (kind === 'reaction') add(element('p', text ? `Reaccionó ${text}` : 'Quitó su reacción'));
  else if (text) add(element('p', text));
  else if (!parts.length) add(element('p', `[${KINDS[kind] ?? kind}]`));
  if (choice) note(`eligió: ${choice}`);
  if (message.mentions?.length) note(`menciona a ${message.mentions.join(', ')}`);
  if (message.earlier.length) note(`editado, antes: ${message.earlier.join(' → ')}`);
  return parts;
}

/** Enters a message into a field of the forms above. */
function use(form, name, key) {
  const field = $(form).elements[name];
  field.value = key;
  field.scrollIntoView({ block: 'center' });
  return field;
}

function drawMessage(message) {
  const { key, id, phone, lead, kind, acks, times, deleted, at, who, reactions } = message;
  const item = element('li', undefined, { class: lead ? 'lead' : 'own' });
  const button = (text, onclick) => element('button', text, { type: 'button', class: 'small', onclick });
  const state = acks ? ` · ${TICKS[acks.at(-1)] ?? 'sin confirmar'}${times > 1 ? ` · llegó ${times} veces` : ''}` : '';
  const head = element('small', `${new Date(at).toLocaleTimeString('es')} · ${who}${state} `);
  if (acks && !(acks.at(-1) >= 3)) head.append(button('Marcar leído', () => act('Leído.', 'acks', { id, ack: 3 })), ' ');
  if (!deleted && kind !== 'reaction' && kind !== 'call_log') {
    const answer = button('Responder', () => {
      $('lead').elements.from.value = phone;
      use('lead', 'quoted', key);
      $('lead').elements.kind.focus();
    });
    const change = button(lead ? 'Cambiar o reaccionar' : 'Reaccionar', () => {
      use('change', 'key', key);
      $('change').elements.text.focus();
    });
    head.append(answer, ' ', change);
  }
  item.append(...(deleted ? [element('p', 'Eliminado para todos')] : drawContent(message)));
  const marks = Object.entries({ 'el lead': reactions.lead, 'la cuenta': reactions.account }).filter(([, emoji]) => emoji && !deleted);
  if (marks.length) item.append(element('p', marks.map(([by, emoji]) => `${emoji} ${by}`).join(' · '), { class: 'reactions' }));
  item.append(head);
  return item;
}

/** The items on the screen by key, each with the message that it shows, as JSON. */
let items = new Map();

/** Draws what has changed. Other items stay as they are, so that a sound plays on. */
function showMessages(messages) {
  const next = new Map();
  for (const message of messages) {
    const version = JSON.stringify(message);
    const known = items.get(message.key);
    next.set(message.key, known?.version === version ? known : { version, item: drawMessage(message) });
  }
  items = next;
  const wanted = [...items.values()].map(({ item }) => item);
  const list = $('messages');
  if (!wanted.length) return list.replaceChildren(element('li', 'Todavía nada.'));
  for (const old of [...list.children]) if (!wanted.includes(old)) old.remove();
  let at = list.firstChild;
  for (const item of wanted) {
    if (item === at) at = at.nextSibling;
    else list.insertBefore(item, at);
  }
}

let outdated = false;
let drawing = false;

/** Loads and draws the messages: after a burst of events a few times at most, and never an older
 * state after a newer one. */
async function drawConversations() {
  outdated = true;
  if (drawing) return;
  drawing = true;
  while (outdated) {
    outdated = false;
    await conversations().then(showMessages, () => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  drawing = false;
}
for (const name of ['hello', 'message', 'lead_message', 'own_message', 'ack', 'lagged']) events.addEventListener(name, drawConversations);
drawConversations();
