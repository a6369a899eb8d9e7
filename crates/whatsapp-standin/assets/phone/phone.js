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

const toastError = (error) => toast(WORDS[error.code] ?? error.message ?? 'El ensayo no responde.');

async function act(done, path, body) {
  try {
    const answer = await call(path, body);
    toast(done);
    return answer;
  } catch (error) {
    toastError(error);
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
    // While it is being sent, it cannot be sent again.
    const buttons = [...$(id).querySelectorAll('button')];
    const values = Object.fromEntries(new FormData($(id), event.submitter));
    for (const button of buttons) button.disabled = true;
    await handle(values, $(id));
    for (const button of buttons) button.disabled = false;
  });
}

onSubmit('scan', async ({ code }, form) => {
  if (await scanned(code)) form.reset();
});
onSubmit('link', async ({ code }, form) => {
  if (await act('Dispositivo vinculado.', 'link-code', { code })) form.reset();
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

function onState(event) {
  state = JSON.parse(event.data);
  stateAt = Date.now();
  draw();
}

const events = new EventSource('/phone/api/events');
for (const name of ['hello', 'page', 'code', 'linked', 'unlinked', 'passkey', 'conflict', 'network', 'block', 'failure', 'rules', 'contacts', 'limits', 'settings', 'synced', 'lagged', 'lead_message', 'own_message', 'message', 'ack', 'seen', 'chat_state']) {
  events.addEventListener(name, onState);
}
events.onopen = () => ($('live').textContent = 'En línea');
events.onerror = () => ($('live').textContent = 'El ensayo no responde; se reintenta…');
setInterval(() => state?.codes.length && drawCodes(), 1000);
