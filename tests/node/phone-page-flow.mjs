// Operates the page of the stand-in's phone as a person does, beside a linked session-manager:
// a lead sends every kind of message from the page, and session-manager publishes it with its
// fields; what the business sends is shown on the page.
//
//   MANAGER_URL=… node phone-page-flow.mjs <address of the stand-in> <folder for files>
//
// With SCREENSHOTS=<folder> screenshots of the page are saved: desktop and phone, light and dark.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, readArguments, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';

const { url, profile: folder } = readArguments();
const { MANAGER_URL: manager, SCREENSHOTS: screenshotFolder } = process.env;
const api = phoneApi(url);
const LEAD = '5491155550001';
const LONG = 60_000;
let browser = null;
let page = null;
const problems = [];

/** Makes a file with ffmpeg. */
function made(name, ...args) {
  const path = join(folder, name);
  execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...args, path]);
  return readFileSync(path);
}
const picture = (size) => ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=1:duration=1`, '-frames:v', '1'];
const tone = (duration) => ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${duration}`];
const film = ['-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=10:duration=3', '-pix_fmt', 'yuv420p'];

/** All events of session-manager so far. */
const published = [];

/** Follows the events of session-manager until the process ends. */
async function follow() {
  const response = await fetch(`${manager}/events?after=0`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const field = (name) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
      if (field('data')) published.push({ name: field('event'), data: JSON.parse(field('data')) });
    }
  }
}

const event = (name, test) =>
  eventually(`the event ${name}`, () => published.find((one) => one.name === name && test(one.data))?.data, LONG);

const form = () => page.locator('#lead');
const button = (name) => page.getByRole('button', { name, exact: true });
const items = () => page.locator('#messages > li');
const item = (text) => items().filter({ hasText: text });

async function fill(fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = form().locator(`[name="${name}"]`);
    if (typeof value === 'boolean') await field.setChecked(value);
    else if (typeof value === 'object') await field.setInputFiles(value);
    else if (await field.evaluate((element) => element.tagName === 'SELECT')) await field.selectOption(value);
    else await field.fill(value);
  }
}

/** Sends a message from the page, with this and nothing else in the form. Returns its key. */
async function send(kind, fields = {}) {
  await form().evaluate((element) => {
    element.reset();
    element.dispatchEvent(new Event('change'));
  });
  await fill({ kind, ...fields });
  return submitted();
}

/** Submits the form as it is. Returns the key of the message. */
async function submitted() {
  const answer = page.waitForResponse((response) => response.url().endsWith('/lead-messages') && response.request().method() === 'POST');
  await button('Enviar').click();
  const { key } = await (await answer).json();
  assert(key, 'the message was not accepted');
  return key;
}

const messageEvent = (key) => event('message', ({ message_id: id }) => id === key);

/** Sends a message from the page. Returns what session-manager publishes of it. */
const told = async (kind, fields) => messageEvent(await send(kind, fields));

/** Checks fields of `actual`, all of them deeply. */
function assertFields(actual, expected) {
  for (const [name, value] of Object.entries(expected)) {
    assertEqual(JSON.stringify(actual[name]), JSON.stringify(value), `${actual.type}: ${name}`);
  }
}

/** Checks that session-manager can fetch the very bytes that were chosen on the page. */
async function assertFile({ message_id: key }, bytes) {
  const response = await fetch(`${manager}/messages/${encodeURIComponent(key)}/media`);
  assertEqual(response.status, 200, 'the status of the file');
  assert(Buffer.from(await response.arrayBuffer()).equals(bytes), 'the file has other content');
}

/** Returns the size of a thumbnail: [width, height]. */
const sizeOf = (thumbnail) =>
  page.evaluate(async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  }, thumbnail);

async function assertThumbnail({ media: { thumbnail } }, size) {
  assert(thumbnail?.startsWith('data:image/jpeg;base64,'), `no thumbnail: ${thumbnail}`);
  assertEqual(String(await sizeOf(thumbnail)), String(size), 'the size of the thumbnail');
}

/** Sends a message of the business. Returns its id. */
async function business(body, file) {
  const message = JSON.stringify({ to: LEAD, ...body });
  let init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: message };
  if (file) {
    const parts = new FormData();
    parts.append('json', message);
    parts.append('file', new Blob([file.buffer], { type: file.mimeType }), file.name);
    init = { method: 'POST', body: parts };
  }
  const response = await fetch(`${manager}/send`, init);
  const answer = await response.json();
  assertEqual(response.status, 200, `the send of ${message}: ${JSON.stringify(answer)}`);
  return answer.message_id;
}

async function changeOf(id, method, body) {
  const init = { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) };
  const response = await fetch(`${manager}/messages/${encodeURIComponent(id)}`, init);
  assertEqual(response.status, 200, `${method} of a message`);
}

async function screenshots() {
  if (!screenshotFolder) return;
  mkdirSync(screenshotFolder, { recursive: true });
  const take = (name, options) => page.screenshot({ path: join(screenshotFolder, `${name}.png`), ...options });
  await page.locator('#messages').evaluate((element) => (element.style.maxHeight = 'none'));
  await page.setViewportSize({ width: 1200, height: 900 });
  await take('desktop', { fullPage: true });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 844 });
  await take('phone', { fullPage: true });
  await page.emulateMedia({ colorScheme: 'light' });
  for (const kind of ['image', 'location', 'poll', 'order']) {
    await fill({ kind, from_ad: kind === 'order' });
    await form().screenshot({ path: join(screenshotFolder, `form-${kind}.png`) });
  }
}

async function test() {
  assert(manager, 'MANAGER_URL is missing');
  mkdirSync(folder, { recursive: true });
  const jpeg = { name: 'casa.jpg', mimeType: 'image/jpeg', buffer: made('casa.jpg', ...picture('640x480')) };
  const webp = { name: 's.webp', mimeType: 'image/webp', buffer: made('s.webp', ...picture('512x512')) };
  const mp4 = { name: 'v.mp4', mimeType: 'video/mp4', buffer: made('v.mp4', ...film, '-c:v', 'libx264') };
  const ogg = { name: 'a.ogg', mimeType: 'audio/ogg', buffer: made('a.ogg', ...tone(4), '-c:a', 'libopus') };
  const wav = { name: 'a.wav', mimeType: 'audio/wav', buffer: made('a.wav', ...tone(2)) };
  const pdf = { name: 'recibo ñ.pdf', mimeType: 'application/pdf', buffer: Buffer.from(`%PDF-1.4\n${'x'.repeat(3_000)}`) };
  follow();
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'es-AR' });
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(String(error.stack ?? error)));
  await page.goto(`${url}phone`);
  await page.getByText('Todavía nada.').waitFor();

  await step('a text, with markup that stays text', async () => {
    const text = '<img src=x onerror="window.hacked = 1"> ¿Sigue?';
    assertFields(await told('text', { body: text }), { type: 'chat', body: text, phone: LEAD, pushname: 'Ana', forwarded: undefined });
    await item(text).waitFor();
    assertEqual(await page.evaluate(() => window.hacked), undefined, 'whether the markup was executed');
  });

  await step('a text needs words; the encrypted one opens', async () => {
    await form().locator('[name="body"]').fill('');
    await button('Enviar').click();
    assertEqual(await form().evaluate((element) => element.checkValidity()), false, 'whether an empty text can be sent');
    assertFields(await told('text', { body: 'cifrado', ciphertext: true }), { type: 'chat', body: 'cifrado' });
  });

  await step('a picture without a caption, and one with, to be seen once', async () => {
    const sent = await told('image', { file: jpeg });
    const { thumbnail, ...media } = sent.media;
    assertEqual(JSON.stringify(media), JSON.stringify({ mime: 'image/jpeg', size: jpeg.buffer.length, width: 640, height: 480, state: 'remote' }), 'the picture');
    assertFields(sent, { type: 'image', body: '', view_once: undefined });
    await assertThumbnail(sent, [100, 75]);
    await assertFile(sent, jpeg.buffer);
    assertFields(await told('image', { file: jpeg, body: 'La casa', once: true }), { type: 'image', body: 'La casa', view_once: true });
    const drawn = item('La casa').locator('img');
    await eventually('the picture is drawn', () => drawn.evaluate((image) => image.naturalWidth === 640));
    await item('La casa').getByText('Para ver una vez').waitFor();
  });

  await step('a film, a GIF and a video message', async () => {
    for (const kind of ['video', 'gif', 'ptv']) {
      const sent = await told(kind, { file: mp4 });
      assertFields(sent, { type: kind === 'gif' ? 'video' : kind, body: '' });
      assertFields(sent.media, { mime: 'video/mp4', size: mp4.buffer.length, seconds: 3, width: 320, height: 180, filename: undefined });
      await assertThumbnail(sent, [100, 56]);
      const { fields } = (await api.call('lead-messages')).find(({ key }) => key === sent.message_id);
      assertEqual(fields.isGif, kind === 'gif' ? true : undefined, `${kind}: whether it repeats`);
    }
    await eventually('two films have controls', async () => (await page.locator('#messages video[controls]').count()) === 2);
    const gif = page.locator('#messages video[autoplay]');
    // Chromium does not start one that is out of sight.
    await gif.scrollIntoViewIfNeeded();
    await eventually('the GIF plays', () => gif.evaluate((video) => video.loop && video.muted && video.currentTime > 0));
  });

  await step('a voice message and a sound', async () => {
    const voice = await told('ptt', { file: ogg });
    assertFields(voice, { type: 'ptt', body: '' });
    assertFields(voice.media, { mime: 'audio/ogg; codecs=opus', size: ogg.buffer.length, seconds: 4 });
    await assertFile(voice, ogg.buffer);
    const sound = await told('audio', { file: wav });
    assertFields(sound, { type: 'audio' });
    assertFields(sound.media, { mime: 'audio/wav', seconds: 2 });
  });

  await step('a sound plays on while messages arrive', async () => {
    const player = page.locator('#messages audio').last();
    await player.evaluate((audio) => {
      Object.assign(audio, { muted: true, loop: true });
      return audio.play();
    });
    await send('text', { body: 'mientras suena' });
    await item('mientras suena').waitFor();
    assertEqual(await player.evaluate((audio) => audio.paused), false, 'whether the sound stopped');
    await player.evaluate((audio) => audio.pause());
  });

  await step('a sticker and a document', async () => {
    const sticker = await told('sticker', { file: webp });
    assertFields(sticker, { type: 'sticker', body: '' });
    assertFields(sticker.media, { mime: 'image/webp', width: 512, height: 512 });
    const document = await told('document', { file: pdf, body: 'El recibo' });
    assertFields(document, { type: 'document', body: 'El recibo' });
    assertFields(document.media, { mime: 'application/pdf', filename: 'recibo ñ.pdf', size: pdf.buffer.length });
    const [download] = await Promise.all([page.waitForEvent('download'), item('El recibo').getByRole('link').click()]);
    assertEqual(download.suggestedFilename(), 'recibo ñ.pdf', 'the name of the file');
    assert(readFileSync(await download.path()).equals(pdf.buffer), 'the downloaded file has other content');
  });

  await step('a file of the wrong kind is not sent', async () => {
    const before = (await api.state()).inbound;
    await form().locator('[name="kind"]').selectOption('image');
    await fill({ file: pdf });
    await button('Enviar').click();
    await page.getByRole('alert').getByText('application/pdf').waitFor();
    assertEqual((await api.state()).inbound, before, 'messages of leads');
    // The form can be sent again.
    await eventually('the button works', () => button('Enviar').isEnabled());
  });

  await step('a place, and one that moves', async () => {
    const place = { latitude: -34.6, longitude: -58.4, name: 'La casa de Ana', address: 'Mitre 10' };
    const fields = { latitude: '-34.6', longitude: '-58.4', place: 'La casa de Ana', address: 'Mitre 10' };
    assertFields(await told('location', fields), { type: 'location', location: place });
    assertFields(await told('location', { ...fields, live: true }), { location: { ...place, live: true } });
    await item('Ubicación en tiempo real').getByText('La casa de Ana').waitFor();
  });

  await step('one contact card, and several', async () => {
    const leo = { name: 'Leo, el plomero; bueno', phones: [{ number: '+5491158254203', whatsapp: '5491158254203' }] };
    assertFields(await told('cards', { cards: 'Leo, el plomero; bueno, 54 9 11 5825-4203' }), { type: 'vcard', contacts: [leo] });
    const mia = { name: 'Mía', phones: [{ number: '+5491158254204', whatsapp: '5491158254204' }] };
    const both = await told('cards', { cards: 'Leo, el plomero; bueno, 5491158254203\n\nMía, 5491158254204\n' });
    assertFields(both, { type: 'multi_vcard', contacts: [leo, mia] });
    await item('Mía').getByText('Leo, el plomero; bueno · +5491158254203').waitFor();
  });

  await step('a poll of one choice, and of several', async () => {
    const fields = { question: '¿Qué día?', options: 'lunes\nmartes\njueves' };
    const poll = { name: '¿Qué día?', options: ['lunes', 'martes', 'jueves'], multiple: false };
    assertFields(await told('poll', fields), { type: 'poll_creation', poll });
    assertFields(await told('poll', { ...fields, multiple: true }), { poll: { ...poll, multiple: true } });
    await item('se pueden elegir varias').getByRole('listitem').getByText('jueves').waitFor();
  });

  await step('the answer to a button, a list and a template', async () => {
    for (const kind of ['button', 'list', 'template']) {
      const fields = { body: `Sí, ${kind}`, choice: 'si-quiero' };
      const selected = { kind, id: 'si-quiero', text: `Sí, ${kind}` };
      const list = kind === 'list';
      const sent = await told(kind, list ? { ...fields, choice_description: 'una visita' } : fields);
      assertFields(sent, { selected: list ? { ...selected, description: 'una visita' } : selected });
    }
    await item('Sí, list').getByText('eligió: si-quiero, una visita').waitFor();
  });

  await step('an order', async () => {
    const order = { id: '77', title: 'Sillas', items: 4, total: 1500.5, currency: 'ARS' };
    assertFields(await told('order', { order_title: 'Sillas', items: '4', total: '1500.5', order_id: '77' }), { type: 'order', order });
    await item('Pedido 77: Sillas').waitFor();
  });

  await step('an answer to an advertisement, forwarded, with a picture', async () => {
    const ad = { source: 'instagram', id: '9', title: 'PH', text: 'Con patio', url: 'https://fb.me/9' };
    const fields = { from_ad: true, ad_app: 'instagram', ad_id: '9', ad_title: 'PH', ad_text: 'Con patio', ad_url: 'https://fb.me/9' };
    const sent = await told('image', { file: jpeg, body: 'Este aviso', forwarded: true, ...fields });
    assertFields(sent, { type: 'image', body: 'Este aviso', ad, forwarded: true });
    await item('Este aviso').getByText('Viene de un anuncio de instagram').waitFor();
    await item('Este aviso').getByText('Reenviado').waitFor();
    assertFields(await told('text', { body: 'sin aviso' }), { ad: undefined, forwarded: undefined });
  });

  await step('missed calls, with voice and video', async () => {
    for (const video of [false, true]) {
      const key = await send('call_log', { video_call: video });
      assertFields(await event('call', ({ call_id: id }) => id === key), { outcome: 'missed', video });
    }
    await item('Videollamada perdida').waitFor();
  });

  await step('messages that no linked device can read, or that are none', async () => {
    const writtenAs = async (kind, fields) => {
      const key = await send(kind, fields);
      return (await api.call('lead-messages')).find((one) => one.key === key);
    };
    assertFields(await writtenAs('view_once'), { subtype: 'view_once_unavailable_fanout', ciphertext: true });
    const before = (await api.state()).ciphertexts;
    await writtenAs('unreadable', { body: 'secreto' });
    assertEqual((await api.state()).ciphertexts, before + 1, 'unreadable messages');
    for (const kind of ['album', 'pinned_message']) assertFields(await writtenAs(kind), { kind });
  });

  await step('a quote of what the business wrote, and of what the lead wrote', async () => {
    const id = await business({ message: '¿La de dos ambientes?' });
    await item('¿La de dos ambientes?').getByRole('button', { name: 'Responder' }).click();
    await fill({ kind: 'text', body: 'Esa' });
    const answer = await messageEvent(await submitted());
    assertFields(answer.quoted, { message_id: id, from_me: true, text: '¿La de dos ambientes?' });
    await item('Esa').locator('blockquote').getByText('¿La de dos ambientes?').waitFor();
    await eventually('the next message is no answer', async () => (await form().locator('[name="quoted"]').inputValue()) === '');
    const picture = (await api.call('lead-messages')).find(({ fields }) => fields?.caption === 'La casa');
    await item('La casa').filter({ has: page.locator('img') }).first().getByRole('button', { name: 'Responder' }).click();
    await fill({ kind: 'ptt', file: ogg });
    assertFields((await messageEvent(await submitted())).quoted, { message_id: picture.key, from_me: false, type: 'image', text: 'La casa' });
    // The other way round: the business quotes the lead.
    await business({ type: 'text', message: 'Sí, la casa', reply_to: picture.key });
    await item('Sí, la casa').locator('blockquote').getByText('La casa').waitFor();
  });

  const change = async (message, text, what) => {
    await message.getByRole('button', { name: /^(Cambiar o r|R)eaccionar$/ }).click();
    await page.locator('#change [name="text"]').fill(text);
    await button(what).click();
  };

  await step('edits, deletions and reactions of the lead', async () => {
    const { message_id: edited } = await told('text', { body: 'a las 10' });
    const { message_id: deleted } = await told('text', { body: 'esto no' });
    await change(item('a las 10'), 'a las 11', 'Editar');
    assertFields(await event('message_edited', ({ message_id: id }) => id === edited), { body: 'a las 11', from_me: false });
    await item('a las 11').getByText('editado, antes: a las 10').waitFor();
    await change(item('a las 11'), '', 'Editar');
    await page.getByRole('alert').getByText('Falta el texto nuevo.').waitFor();
    await change(item('esto no'), '', 'Eliminar para todos');
    await event('message_deleted', ({ message_id: id }) => id === deleted);
    await item('Eliminado para todos').waitFor();
    assertEqual(await item('esto no').count(), 0, 'the deleted text');
    const sent = (await api.messages()).find(({ body }) => body === '¿La de dos ambientes?').key;
    const question = item('¿La de dos ambientes?').filter({ hasText: `para ${LEAD}` });
    await change(question, '❤️', 'Reaccionar (vacío: quitar)');
    await event('reaction', ({ message_id: id, emoji }) => id === sent && emoji === '❤️');
    await question.getByText('❤️ el lead').waitFor();
    await change(question, '', 'Reaccionar (vacío: quitar)');
    await event('reaction', ({ message_id: id, emoji }) => id === sent && emoji === null);
    await question.getByText('❤️').waitFor({ state: 'detached' });
  });

  await step('pictures, films, sounds and documents of the business are shown', async () => {
    await business({ type: 'image', caption: 'El frente' }, jpeg);
    await eventually('the picture is drawn', () => item('El frente').locator('img').evaluate((image) => image.naturalWidth === 640));
    await business({ type: 'video', caption: 'El recorrido' }, mp4);
    const video = item('El recorrido').locator('video[controls]');
    await eventually('the film can be played', () => video.evaluate((element) => element.videoWidth === 320 && Math.round(element.duration) === 3));
    await business({ type: 'video', gif: true, caption: 'El ascensor' }, mp4);
    await item('El ascensor').locator('video[autoplay][loop]').waitFor();
    await business({ type: 'audio', voice: true }, ogg);
    const voice = items().filter({ hasText: 'mensaje de voz' }).filter({ hasText: `para ${LEAD}` }).locator('audio[controls]');
    await eventually('the voice can be played', () => voice.evaluate((element) => Math.round(element.duration) === 4));
    await business({ type: 'sticker' }, webp);
    const sticker = items().filter({ hasText: `para ${LEAD}` }).locator('img.sticker');
    await eventually('the sticker is drawn', () => sticker.evaluate((image) => image.naturalWidth === 512));
    await business({ type: 'document', caption: 'El contrato' }, pdf);
    const contract = item('El contrato').getByRole('link', { name: '⬇ recibo ñ.pdf · 3 KiB' });
    const [download] = await Promise.all([page.waitForEvent('download'), contract.click()]);
    assertEqual(download.suggestedFilename(), 'recibo ñ.pdf', 'the name of the file');
    assert(readFileSync(await download.path()).equals(pdf.buffer), 'the downloaded file has other content');
    const file = await fetch(new URL(await contract.getAttribute('href'), url));
    assertEqual(file.headers.get('content-disposition'), 'attachment', 'how the browser treats the file');
  });

  await step('places and contacts of the business are shown', async () => {
    await business({ type: 'location', latitude: -34.61, longitude: -58.39, name: 'La oficina', address: 'San Martín 1' });
    await item('La oficina').getByText('-34.61, -58.39').waitFor();
    await business({ type: 'contact', contacts: [{ name: 'Inés', phone: '5491158254205' }, { name: 'Raúl', phone: '5491158254206' }] });
    await item('Inés').getByText('Raúl').waitFor();
  });

  await step('edits, deletions and reactions of the business are shown', async () => {
    const edited = await business({ message: 'Mañana a las 9' });
    await changeOf(edited, 'PUT', { message: 'Mañana a las 8' });
    await item('Mañana a las 8').getByText('editado, antes: Mañana a las 9').waitFor();
    const deleted = await business({ message: 'por error' });
    await item('por error').waitFor();
    const shown = await item('Eliminado para todos').count();
    await changeOf(deleted, 'DELETE');
    await item('por error').waitFor({ state: 'detached' });
    assertEqual(await item('Eliminado para todos').count(), shown + 1, 'deleted messages');
    const { message_id: key } = await told('text', { body: 'Gracias' });
    await business({ type: 'reaction', message_id: key, emoji: '🙏' });
    await item('Gracias').getByText('🙏 la cuenta').waitFor();
    await business({ type: 'reaction', message_id: key, emoji: '' });
    await item('Gracias').getByText('🙏').waitFor({ state: 'detached' });
  });

  await step('the owner writes on the phone itself', async () => {
    await page.locator('#own [name="body"]').fill('Soy yo, desde el teléfono');
    await button('Enviar como administrador').click();
    const own = await event('message', ({ body }) => body === 'Soy yo, desde el teléfono');
    assertFields(own, { from_me: true });
    await item('Soy yo, desde el teléfono').getByText('del administrador').waitFor();
  });

  await step('everything is still there after a reload, on a narrow screen', async () => {
    const before = await items().count();
    const { directPath: path } = (await api.call('lead-messages')).find(({ fields }) => fields?.caption === 'La casa').fields;
    const response = await fetch(`${url}phone/api/files`, { method: 'DELETE', body: JSON.stringify({ path }) });
    assert(response.ok, 'the file could not be deleted');
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    await eventually('all messages are shown', async () => (await items().count()) === before);
    await item('a las 11').getByText('editado, antes: a las 10').waitFor();
    // The server has this file no more.
    await item('La casa').filter({ hasText: 'No se puede mostrar acá.' }).waitFor();
    await page.evaluate(() => document.fonts.ready);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(tooWide <= 0, `the page is ${tooWide} px wider than the screen`);
    await screenshots();
  });

  assertEqual(problems.join('\n'), '', 'errors on the page');
}

run(test, async () => browser?.close(), 170_000);
