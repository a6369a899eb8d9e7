'use strict';
// The phone's page for people. It follows the stand-in's events and shows what happened.
const $ = (id) => document.getElementById(id);
let state = null;
let stateAt = 0;

async function call(path, body) {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`/phone/api/${path}`, init);
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

const WORDS = {
  no_code_shown: 'Ninguna página muestra un código ahora.',
  code_expired: 'Ese código ya venció: use el que se muestra ahora.',
  code_unknown: 'Ninguna página muestra ese código.',
  code_wrong_keys: 'El código está mal compuesto: sus claves no son las de la página.',
  network_down: 'La red está cortada.',
  no_device: 'No hay ningún dispositivo vinculado y conectado.',
  message_unknown: 'Ese mensaje no existe.',
};

let toastTimer = null;
function toast(text) {
  $('toast').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($('toast').hidden = true), 4000);
}

async function act(done, path, body) {
  try {
    const answer = await call(path, body);
    toast(done);
    return answer;
  } catch (error) {
    toast(WORDS[error.code] ?? error.message ?? 'El ensayo no responde.');
    return null;
  }
}

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'onclick') made.addEventListener('click', value);
    else made.setAttribute(name, value);
  }
  return made;
}

function onSubmit(id, handle) {
  $(id).addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = $(id).querySelector('button');
    button.disabled = true;
    await handle(Object.fromEntries(new FormData($(id))), $(id));
    button.disabled = false;
  });
}

onSubmit('scan', async ({ code }, form) => {
  if (await scanned(code)) form.reset();
});
onSubmit('link', async ({ code }, form) => {
  if (await act('Dispositivo vinculado.', 'link-code', { code })) form.reset();
});
const CONTENT = {
  location: () => ({ location: { latitude: -34.6037, longitude: -58.3816, text: 'Obelisco\nAv. 9 de Julio, Buenos Aires' } }),
  cards: ({ name }) => ({ cards: [`BEGIN:VCARD\nVERSION:3.0\nFN:${name || 'Ana Gómez'}\nTEL;waid=5491158254202:+54 9 11 5825-4202\nEND:VCARD`] }),
  poll: ({ body }) => ({ poll: { name: body, options: ['Mañana', 'Tarde'], multiple: false } }),
  button: () => ({ selected: { kind: 'button', id: 'boton-1' } }),
  list: () => ({ selected: { kind: 'list', id: 'fila-1', description: 'de la lista' } }),
  order: ({ body }) => ({ order: { id: '1234', title: body, items: 2, total_1000: 15_000_000, currency: 'ARS' } }),
  ad: () => ({ ad: { app: 'facebook', source_id: '120210', title: 'Casa en Palermo', description: 'Tres ambientes', url: 'https://fb.me/ejemplo' } }),
  forwarded: () => ({ forwarded: true }),
};

/** Uploads a file to the server before it is sent, as a phone does. */
async function mediaOf(file, { as, once }) {
  const answer = await fetch('/phone/api/files', { method: 'POST', body: file });
  const { path } = await answer.json();
  const first = file.type.split('/')[0];
  const kind = as || (['image', 'video', 'audio'].includes(first) ? first : 'document');
  return { path, kind, mime: file.type || 'application/octet-stream', filename: file.name, view_once: Boolean(once) };
}

/** Lists what a lead wrote last, so that it can be changed. */
function wrote(answer, body) {
  if (!answer?.key) return answer;
  const use = element('button', answer.key, { type: 'button', class: 'small', onclick: () => ($('change').elements.key.value = answer.key) });
  const item = element('li', `${body.slice(0, 40)} `);
  item.append(use);
  $('written').prepend(item);
  while ($('written').children.length > 10) $('written').lastChild.remove();
  return answer;
}

onSubmit('lead', async ({ from, name, body, lid, ciphertext, kind, file, as, once, quoted }) => {
  const message = { from, name, body, lid: Boolean(lid), ciphertext_ms: ciphertext ? 1000 : 0 };
  if (kind === 'view_once') message.view_once = true;
  else if (kind === 'unreadable') message.ciphertext_ms = 86_400_000;
  else if (kind === 'change') Object.assign(message, { ciphertext_ms: 1000, opens_as_change: true });
  else if (CONTENT[kind]) message.content = CONTENT[kind]({ name, body });
  else if (kind) message.type = kind;
  if (file?.size) message.content = { ...message.content, media: await mediaOf(file, { as, once }) };
  if (quoted) message.content = { ...message.content, quoted };
  return wrote(await act('El lead escribió.', 'lead-messages', message), body);
});
$('change').addEventListener('submit', (event) => {
  event.preventDefault();
  const { key, text } = Object.fromEntries(new FormData($('change')));
  const what = event.submitter?.value ?? 'lead-edits';
  const body = { 'lead-edits': { key, body: text }, 'lead-deletions': { key }, 'lead-reactions': { key, emoji: text } }[what];
  act('Hecho.', what, body);
});
onSubmit('own', ({ to, body }) => act('Enviado desde el teléfono.', 'own-messages', { to, body }));
onSubmit('rules', ({ to, outcome, count }) =>
  act('Regla aplicada.', 'rules', { to: to || null, outcome, count: count ? Number(count) : null }));
onSubmit('contact', ({ phone, on_whatsapp }) =>
  act('Guardado.', 'contacts', { phone, on_whatsapp: on_whatsapp === 'true' }));
onSubmit('blocking', ({ phone, blocked }) => act('Guardado.', 'contacts', { phone, blocked: blocked === 'true' }));
onSubmit('saving', ({ phone, saved }) => act('Guardado.', 'contacts', { phone, saved }));
onSubmit('limits', ({ lock, status, used, total }) =>
  act('Aplicado.', 'limits', {
    reach_out: lock ? { until_ms: Date.now() + Number(lock) * 60_000 } : null,
    new_chats: status ? { status, used: Number(used), total: Number(total), cycle_end_s: Math.floor(Date.now() / 1000) + 20 * 24 * 3600 } : null,
  }));
onSubmit('block', ({ state: wanted }) => act('Aplicado.', 'block', { state: wanted || null }));
onSubmit('failure', ({ kind }) =>
  act('Aplicado.', 'failure', kind === 'temporary_ban' ? { kind, code: 101, expire: 3600 } : { kind: kind || null }));
onSubmit('passkey', ({ passkey }) => act('Guardado.', 'settings', { passkey: passkey === 'true' }));
onSubmit('link-event', ({ link_code }) => act('Avisado.', 'page', { link_code }));
onSubmit('forget', ({ forget }, form) => act('Perdido.', 'page', { forget }).then(() => form.reset()));
/** Converts the form's values to those of the settings: numbers, never, yes or no, a list. */
function saveSettings(_, form) {
  const patch = {};
  for (const { name, type, value, checked, dataset } of form.querySelectorAll('input')) {
    if (type === 'checkbox') patch[name] = checked;
    else if (name === 'withheld_modules') patch[name] = value.split(',').map((one) => one.trim()).filter(Boolean);
    else if (value !== '') patch[name] = Number(value);
    else if (dataset.empty === 'never') patch[name] = null;
  }
  return act('Guardado.', 'settings', patch);
}
for (const { id } of document.querySelectorAll('form.settings')) onSubmit(id, saveSettings);
onSubmit('page', ({ http }) => act('Aplicado.', 'page', { http }));

$('unlink').addEventListener('click', () => {
  if (confirm('¿Desvincular el dispositivo? Habrá que escanear un código nuevo.')) act('Desvinculado.', 'unlink', { reason: $('unlink-reason').value || null });
});
$('conflict').addEventListener('click', () => act('La sesión se abrió en otro lugar.', 'conflict', {}));
$('network').addEventListener('click', () => {
  const up = !state?.network_up;
  act(up ? 'La red ha vuelto.' : 'Red cortada.', 'network', { up });
});
$('delivered').addEventListener('click', () => act('La entrega terminó.', 'page', { end_offline_delivery: true }));
$('unexpected').addEventListener('click', () => act('La página pide cerrar la sesión.', 'page', { unexpected_logout: 'unknown_companion' }));
$('hang').addEventListener('click', () => act('La página se cuelga 10 segundos.', 'page', { hang_ms: 10_000 }));

function left(code) {
  return Math.max(0, Math.ceil((code.expires_in_ms - (Date.now() - stateAt)) / 1000));
}

async function scanned(code) {
  const answer = await act('Código escaneado: el dispositivo se está vinculando.', 'scan', { code });
  if (answer && !answer.device) toast('Código escaneado: la página pide la llave de acceso.');
  return answer;
}

function drawCodes() {
  const codes = state.codes.map((code) => {
    const card = element('div', undefined, { class: 'code' });
    const time = element('small', `Código ${code.number} de ${state.settings.codes} · vence en ${left(code)} s`);
    const scan = element('button', 'Escanear', {
      type: 'button',
      onclick: () => scanned(code.code),
    });
    card.append(time, element('code', code.code), scan);
    return card;
  });
  for (const { code, phone } of state.link_codes) {
    const card = element('div', undefined, { class: 'code' });
    const link = element('button', 'Vincular', { type: 'button', onclick: () => act('Dispositivo vinculado.', 'link-code', { code }) });
    card.append(element('small', `Para el número ${phone}`), element('strong', code), link);
    codes.push(card);
  }
  if (!codes.length) codes.push(element('p', 'Ninguna página muestra un código ahora.'));
  $('codes').replaceChildren(...codes);
}

/** Shows the current settings, except in a form that a person is editing. */
function drawSettings() {
  for (const form of document.querySelectorAll('form.settings')) {
    if (form.contains(document.activeElement)) continue;
    for (const input of form.querySelectorAll('input')) {
      const value = state.settings[input.name];
      if (input.type === 'checkbox') input.checked = value;
      else input.value = Array.isArray(value) ? value.join(', ') : (value ?? '');
    }
  }
}

function draw() {
  drawCodes();
  drawSettings();
  $('passkeys').textContent = `${state.settings.passkey ? 'Se pide al vincular' : 'No se pide'} · la cuenta tiene ${state.passkeys} · ${state.passkeys_wanted} páginas la piden ahora`;
  const devices = state.devices.map((device) =>
    element('li', `${device.phone} · ${device.synced ? 'conectado' : device.connected ? 'sincronizando' : 'desconectado'}${device.waiting ? ` · ${device.waiting} mensajes en espera` : ''}`));
  $('devices').replaceChildren(...(devices.length ? devices : [element('li', 'Ninguno')]));
  $('unlink').disabled = !state.devices.length;
  $('conflict').disabled = !state.devices.some((device) => device.connected);
  $('network').textContent = state.network_up ? 'Cortar la red' : 'Devolver la red';
  $('counts').textContent = `${state.received} recibidos · ${state.duplicates} repetidos descartados · ${state.refused} no aceptados · ${state.inbound} escritos por leads`;
  $('typing').textContent = state.typing_to.length ? `La cuenta escribe a ${state.typing_to.join(', ')}…` : '';
  const reads = state.reads.slice(-5).reverse().map(({ to, count, at }) => element('li', `${to}: leídos ${count} · ${new Date(at).toLocaleTimeString('es')}`));
  $('reads').replaceChildren(...reads);
  const rules = state.rules.map((rule) => element('li', `${rule.to ?? 'todos'}: ${rule.outcome}${rule.count ? ` (${rule.count} más)` : ''}`));
  rules.push(...state.blocked.map((phone) => element('li', `${phone}: bloqueado en el teléfono`)));
  $('rule-list').replaceChildren(...rules);
  const { reach_out: lock, new_chats: cap } = state.limits;
  $('limits-now').textContent = [
    lock ? `Bloqueado (${lock.kind}) hasta ${new Date(lock.until_ms).toLocaleString('es')}` : 'Sin bloqueo',
    cap ? `chats nuevos: ${cap.used} de ${cap.total} (${cap.status})` : 'sin límite de chats nuevos',
  ].join(' · ');
}

const TICKS = { '-1': 'falló', 1: '✓', 2: '✓✓ entregado', 3: '✓✓ leído', 4: '✓✓ reproducido' };

const KINDS = { ptt: 'mensaje de voz', sticker: 'sticker' };

/** Returns a message on one line. */
function told(message) {
  const { file, location, cards, caption } = message;
  const parts = [];
  if (message.kind === 'reaction') parts.push(`Reacción: ${message.body || 'retirada'}`);
  else if (file) parts.push(`[${file.gif ? 'GIF' : KINDS[message.kind] ?? message.kind} · ${file.filename ?? 'sin nombre'} · ${file.mime} · ${Math.ceil(file.size / 1024)} KiB] ${caption ?? ''}`);
  else if (location) parts.push(`[ubicación ${location.latitude}, ${location.longitude}] ${location.text}`);
  else if (cards) parts.push(`[contacto] ${cards.map((card) => /^FN:(.*)$/m.exec(card)?.[1]).join(', ')}`);
  else parts.push(message.body);
  if (message.deleted) return 'Eliminado para todos';
  if (message.earlier?.length) parts.push(`editado, antes: ${message.earlier.join(' → ')}`);
  if (message.quoted) parts.push(`↩ ${message.quoted}`);
  if (message.mentions?.length) parts.push(`menciona a ${message.mentions.join(', ')}`);
  return parts.join(' · ');
}

async function drawMessages() {
  const messages = await call('messages').catch(() => null);
  if (!messages) return;
  const items = messages.slice(-100).reverse().map((message) => {
    const item = element('li');
    const head = element('small', `${new Date(message.at).toLocaleTimeString('es')} · para ${message.to} · ${TICKS[message.acks.at(-1)] ?? 'sin confirmar'}${message.times_received > 1 ? ` · llegó ${message.times_received} veces` : ''} `);
    const read = element('button', 'Marcar leído', { type: 'button', class: 'small', onclick: () => act('Leído.', 'acks', { id: message.id, ack: 3 }) });
    if (message.acks.at(-1) >= 3) read.hidden = true;
    head.append(read);
    item.append(element('div', told(message)), head);
    return item;
  });
  $('messages').replaceChildren(...(items.length ? items : [element('li', 'Todavía nada.')]));
}

// After a burst of events, load the messages only once.
let looking = null;
function look() {
  looking ??= setTimeout(() => {
    looking = null;
    drawMessages();
  }, 100);
}

function onState(event) {
  state = JSON.parse(event.data);
  stateAt = Date.now();
  draw();
}

const events = new EventSource('/phone/api/events');
for (const name of ['hello', 'page', 'code', 'linked', 'unlinked', 'passkey', 'conflict', 'network', 'block', 'failure', 'rules', 'contacts', 'limits', 'settings', 'synced', 'lagged', 'lead_message', 'own_message', 'message', 'ack', 'seen', 'chat_state']) {
  events.addEventListener(name, onState);
}
for (const name of ['hello', 'message', 'ack', 'lagged']) events.addEventListener(name, look);
events.onopen = () => ($('live').textContent = 'En línea');
events.onerror = () => ($('live').textContent = 'El ensayo no responde; se reintenta…');
setInterval(() => state?.codes.length && drawCodes(), 1000);
