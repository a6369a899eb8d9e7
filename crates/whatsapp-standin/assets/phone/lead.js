'use strict';
// What a lead sends: each kind has its fields in the form, and its part of the message.

const THUMBNAIL_SIDE = 100;

/** The files that WhatsApp takes for each kind, by the beginning of their type, and what the page
 * calls the kind if it has another name for it. */
const FILES = {
  image: { accepts: 'image/' },
  video: { accepts: 'video/' },
  gif: { accepts: 'video/', kind: 'video' },
  ptv: { accepts: 'video/' },
  ptt: { accepts: 'audio/' },
  audio: { accepts: 'audio/' },
  sticker: { accepts: 'image/webp' },
  document: { accepts: '' },
};

/** Kinds that are nothing without a text. */
const TEXTS = ['text', 'button', 'list', 'template'];

const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** Writes a contact card as phones do, from a line "name, number". */
function vcard(line) {
  const [, name, number] = /^(.*?)(?:,([^,]*))?$/.exec(line);
  const digits = (number ?? '').replace(/\D/g, '');
  const escaped = name.trim().replace(/[\\,;]/g, '\\$&');
  const phone = digits ? [`TEL;type=CELL;waid=${digits}:+${digits}`] : [];
  return ['BEGIN:VCARD', 'VERSION:3.0', `N:;${escaped};;;`, `FN:${escaped}`, ...phone, 'END:VCARD'].join('\n');
}

const selected = (values) => ({ selected: { kind: values.kind, id: values.choice, description: values.choice_description } });

const CONTENT = {
  location: ({ latitude, longitude, place, address, live }) => ({
    location: { latitude: Number(latitude), longitude: Number(longitude), text: [place, address].filter(Boolean).join('\n') },
    fields: live ? { isLive: true } : {},
  }),
  cards: ({ cards }) => ({ cards: lines(cards).map(vcard) }),
  poll: ({ question, options, multiple }) => ({ poll: { name: question, options: lines(options), multiple: Boolean(multiple) } }),
  button: selected,
  list: selected,
  template: selected,
  order: ({ order_id, order_title, items, total, currency }) => ({
    order: { id: order_id, title: order_title, items: Number(items), total_1000: Math.round(Number(total) * 1000), currency },
  }),
  call_log: ({ video_call }) => ({ fields: { isVideoCall: Boolean(video_call) } }),
};

function thumbnail(picture, width, height) {
  const scale = Math.min(1, THUMBNAIL_SIDE / Math.max(width, height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d');
  // What is transparent would be black in a JPEG.
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', 0.6).split(',')[1];
}

/** Opens a sound or a film, and waits for the event. */
function opened(tag, url, event) {
  return new Promise((resolve, reject) => {
    const player = document.createElement(tag);
    player.addEventListener(event, () => resolve(player), { once: true });
    player.addEventListener('error', reject, { once: true });
    Object.assign(player, { preload: 'auto', muted: true, src: url });
  });
}

/** Returns what a phone states about a file: its size on the screen, its duration and a small
 * preview. */
async function measured(kind, file) {
  const { accepts } = FILES[kind];
  const url = URL.createObjectURL(file);
  try {
    if (accepts.startsWith('image/')) {
      const picture = await createImageBitmap(file);
      const { width, height } = picture;
      return { width, height, thumbnail: kind === 'sticker' ? undefined : thumbnail(picture, width, height) };
    }
    if (accepts === 'video/') {
      const film = await opened('video', url, 'loadeddata');
      const { videoWidth: width, videoHeight: height } = film;
      return { width, height, seconds: seconds(film), thumbnail: thumbnail(film, width, height) };
    }
    return accepts === 'audio/' ? { seconds: seconds(await opened('audio', url, 'loadedmetadata')) } : {};
  } catch {
    // A broken file, or of a format that this browser does not know, is sent all the same.
    return {};
  } finally {
    URL.revokeObjectURL(url);
  }
}

// A recording that was never finished has no duration.
const seconds = ({ duration }) => (Number.isFinite(duration) ? Math.max(1, Math.round(duration)) : undefined);

/** Uploads a file to the server before it is sent, as a phone does. */
async function mediaOf(file, { kind, once }) {
  const { accepts } = FILES[kind];
  if (!file.type.startsWith(accepts)) throw new Error(`Así solo se envía un archivo de tipo ${accepts}, y este es ${file.type || 'de tipo desconocido'}.`);
  const [stated, answer] = await Promise.all([measured(kind, file), fetch('/phone/api/files', { method: 'POST', body: file })]);
  if (!answer.ok) throw new Error('El archivo no se pudo subir.');
  const { path } = await answer.json();
  const media = { path, kind: FILES[kind].kind ?? kind, mime: file.type || 'application/octet-stream', view_once: Boolean(once), ...stated };
  // Phones tell the name of a document alone, and record voice as Opus.
  if (kind === 'document') media.filename = file.name;
  if (kind === 'ptt' && file.type === 'audio/ogg') media.mime = 'audio/ogg; codecs=opus';
  return { media, fields: kind === 'gif' ? { isGif: true } : {} };
}

async function messageOf(values) {
  const { kind, from, name, body = '', lid, ciphertext, file, quoted, forwarded, from_ad } = values;
  const message = { from, name, body, lid: Boolean(lid), ciphertext_ms: ciphertext ? 1000 : 0 };
  if (kind === 'view_once') message.view_once = true;
  else if (kind === 'unreadable') message.ciphertext_ms = 86_400_000;
  else if (kind === 'change') Object.assign(message, { ciphertext_ms: 1000, opens_as_change: true });
  else if (['call_log', 'album', 'pinned_message'].includes(kind)) message.type = kind;
  message.content = { ...(file ? await mediaOf(file, values) : CONTENT[kind]?.(values)), forwarded: Boolean(forwarded) };
  if (quoted) message.content.quoted = quoted;
  if (from_ad) {
    const { ad_app: app, ad_id: source_id, ad_title: title, ad_text: description, ad_url: url } = values;
    message.content.ad = { app, source_id, title, description, url };
  }
  return message;
}

/** Shows an element of the form, or hides it, so that it is not sent. */
function show(part, shown) {
  part.hidden = !shown;
  for (const control of part.querySelectorAll('input, select, textarea')) control.disabled = !shown;
}

/** Shows the fields that belong to the chosen kind. */
function showFields() {
  const { kind, body, file, from_ad: fromAd } = $('lead').elements;
  for (const part of $('lead').querySelectorAll('[data-kinds]')) show(part, part.dataset.kinds.split(' ').includes(kind.value));
  show($('ad'), fromAd.checked);
  body.required = TEXTS.includes(kind.value);
  const { accepts = '' } = FILES[kind.value] ?? {};
  file.accept = accepts.endsWith('/') ? `${accepts}*` : accepts;
}
$('lead').addEventListener('change', showFields);
$('lead').elements.kind.addEventListener('change', () => {
  showFields();
  // The text that the form suggests is no caption.
  const { body } = $('lead').elements;
  if (!body.required && body.value === body.defaultValue) body.value = '';
  else if (body.required && !body.value) body.value = body.defaultValue;
});
// The browser may have kept the choice of an earlier visit.
showFields();

onSubmit('lead', async (values, form) => {
  const message = await messageOf(values).catch(toastError);
  if (message && (await act('El lead escribió.', 'lead-messages', message))) form.elements.quoted.value = '';
});

onSubmit('change', ({ key, text, what }) => {
  if (what === 'lead-edits' && !text) return toast('Falta el texto nuevo.');
  const body = { 'lead-edits': { key, body: text }, 'lead-deletions': { key }, 'lead-reactions': { key, emoji: text }, 'own-reactions': { key, emoji: text } }[what];
  return act('Hecho.', what, body);
});
