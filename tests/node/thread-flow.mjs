// Tests a conversation on the hub's page in Chromium: every kind of message that a lead can send,
// files sent from the page, and long conversations. Uses a linked pair that really sends to the
// stand-in.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node thread-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> screenshots of the conversation are
// saved: light and dark theme, phone.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node thread-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const MIA = '5491158254203';

const base = `${PHONE_URL.replace(/\/$/, '')}/`;
const standin = phoneApi(base);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, audit, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot } = visitor;
let page = null;

const bubbles = () => page.locator('[data-message]');
const bubble = (text) => bubbles().filter({ hasText: text });
const box = () => page.getByLabel('Respuesta', { exact: true });
const log = () => page.getByRole('log');

/**
 * Scrolls up from the end to a message, because only messages near the view are in the document.
 */
async function scrollToMessage(text) {
  await log().evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await eventually(`the message ${text} is found`, async () => {
    if ((await bubble(text).count()) > 0) return true;
    await log().evaluate((element) => element.scrollBy(0, -element.clientHeight));
    return false;
  });
}

/** Returns the id and the position (px) of the first message that is fully in view. */
const topMessage = () =>
  log().evaluate((element) => {
    const edge = element.getBoundingClientRect().top;
    const message = [...element.querySelectorAll('[data-message]')].find((candidate) => candidate.getBoundingClientRect().top >= edge);
    return { id: message.dataset.message, top: message.getBoundingClientRect().top };
  });

/** Runs `act`, and checks that the message stays in its position in every frame. */
async function assertSteady({ id, top }, act) {
  await page.evaluate(
    ([which, where]) => {
      window.moved = 0;
      const look = () => {
        const now = document.querySelector(`[data-message="${which}"]`)?.getBoundingClientRect().top ?? Infinity;
        window.moved = Math.max(window.moved, Math.abs(now - where));
        window.looking = requestAnimationFrame(look);
      };
      look();
    },
    [id, top],
  );
  await act();
  const moved = await page.evaluate(() => {
    cancelAnimationFrame(window.looking);
    return window.moved;
  });
  assert(moved < 3, `the message in view moved by ${moved} pixels`);
}

/**
 * Records the cursors of the history pages that the page fetches from now on; '' is the newest
 * page.
 */
function recordFetches(number) {
  const cursors = [];
  const note = (request) => {
    const url = new URL(request.url());
    if (url.pathname.endsWith(`/listener/history/${number}`)) cursors.push(url.searchParams.get('antes') ?? '');
  };
  page.on('request', note);
  return { cursors, end: () => page.off('request', note) };
}

/** Draws an image in the browser, and returns it as JPEG in base64. */
const drawImage = (width, height) =>
  page.evaluate(
    ([w, h]) => {
      const canvas = document.createElement('canvas');
      canvas.width = w;
      canvas.height = h;
      const context = canvas.getContext('2d');
      const sky = context.createLinearGradient(0, 0, 0, h);
      sky.addColorStop(0, '#4a90d9');
      sky.addColorStop(1, '#e8d5b7');
      context.fillStyle = sky;
      context.fillRect(0, 0, w, h);
      context.fillStyle = '#8a4b2d';
      context.fillRect(w * 0.3, h * 0.45, w * 0.4, h * 0.45);
      return canvas.toDataURL('image/jpeg', 0.8).split(',')[1];
    },
    [width, height],
  );

/** Returns a tone of the given length, as a WAV file. */
function tone(seconds) {
  const rate = 8000;
  const samples = rate * seconds;
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let n = 0; n < samples; n += 1) file.writeInt16LE(Math.round(8000 * Math.sin(n / 3)), 44 + n * 2);
  return file;
}

/** Returns a picture of 874 bytes that needs 17 GB to be drawn. */
function pictureBomb() {
  const chunk = (type, data) => {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length);
    bytes.write(type, 4, 'latin1');
    data.copy(bytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
    return bytes;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(65_535);
  header.writeUInt32BE(65_535, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100 * 8_193))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function upload(bytes) {
  const response = await fetch(`${base}phone/api/files`, { method: 'POST', body: bytes });
  return (await response.json()).path;
}

/** Makes a lead send a message, and returns its key. */
async function sendFromLead(body, content = {}, more = {}) {
  const answer = await standin.leadMessage({ from: ANA, name: 'Ana', body, content, ...more });
  return answer.key;
}

async function sendFileFromLead(body, bytes, media) {
  return sendFromLead(body, { media: { path: await upload(bytes), ...media } });
}

/** The limit for the page's assets on a first visit to a conversation, compressed, in bytes. */
const BUDGET = 360_000;

async function test() {
  page = await visitor.open();
  await page.goto(`${hub}/conversaciones`);
  await signIn('admin', password);
  const keys = {};

  await step('an answer to an advertisement; a quote opens the quoted message', async () => {
    await sendFromLead('Hola, vi el aviso', {
      ad: { app: 'instagram', source_id: '1', title: 'Casa en Palermo', description: 'Tres ambientes', url: 'https://fb.me/x' },
    });
    await page.locator(`[data-chat="${ANA}"]`).waitFor();
    await page.goto(`${hub}/conversaciones/${ANA}`);
    const message = bubble('Hola, vi el aviso');
    await message.getByText('Llegó por un aviso de Instagram').waitFor();
    const loaded = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => name.includes('/assets/'))
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0));
    assert(loaded > 100_000 && loaded < BUDGET, `a conversation loads ${loaded} bytes of the page`);
    assertEqual(await message.getByRole('link', { name: 'Ver el aviso' }).getAttribute('href'), 'https://fb.me/x', 'the link');
    await box().fill('¿La de dos o la de tres ambientes?');
    await button('Enviar').click();
    await bubble('¿La de dos o la de tres').waitFor();
    const [sent] = await standin.messages();
    await sendFromLead('La de dos', { quoted: sent.key });
    await bubble('La de dos').getByRole('button', { name: 'Ir al mensaje que responde' }).click();
    await eventually('the message has the focus', () =>
      bubble('tres ambientes?').first().evaluate((element) => element === document.activeElement && element.dataset.lit === 'true'));
  });

  await step('an image is shown as a preview and opens in full size', async () => {
    const bytes = Buffer.from(await drawImage(1280, 960), 'base64');
    const media = { kind: 'image', mime: 'image/jpeg', width: 1280, height: 960, thumbnail: await drawImage(100, 75) };
    keys.picture = await sendFileFromLead('¿Es esta?', bytes, media);
    keys.gone = await sendFileFromLead('y esta otra', bytes, { ...media, filename: 'otra.jpg' });
    await bubble('y esta otra').waitFor();
    await button('Ver grande: ¿Es esta?').click();
    const large = dialog().getByAltText('¿Es esta?');
    await eventually('the image is shown in full size', () => large.evaluate((element) => element.complete && element.naturalWidth === 1280));
    await audit('a picture');
    await takeScreenshot('picture');
    await dialog().getByText('1 de 2').waitFor();
    await page.keyboard.press('ArrowRight');
    await dialog().getByText('2 de 2').waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  await step('a picture that no browser can draw is explained, and can be downloaded', async () => {
    await sendFileFromLead('una bomba', pictureBomb(), { kind: 'image', mime: 'image/png', width: 60, height: 60 });
    await button('Ver grande: una bomba').click();
    await dialog().getByText('Este navegador no lo puede mostrar: descargalo.').waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    // The page still works.
    await box().fill('No se ve');
    await button('Enviar').click();
    await bubble('No se ve').waitFor();
  });

  await step('a voice message plays and can be skipped forward', async () => {
    await sendFileFromLead('', tone(8), { kind: 'ptt', mime: 'audio/wav', seconds: 8 });
    const voice = page.locator('audio');
    await voice.waitFor();
    assertEqual(await voice.getAttribute('preload'), 'none', 'downloads before the playback');
    assertEqual(await voice.getAttribute('aria-label'), 'Mensaje de voz, 0:08', 'the name of the file');
    await voice.evaluate(async (element) => {
      element.muted = true;
      await element.play();
      element.currentTime = 6;
    });
    await eventually('the playback continues from there', () => voice.evaluate((element) => element.currentTime > 6 && element.duration > 7.9));
  });

  await step('a film plays and can be skipped forward', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc=size=160x120:rate=10:duration=8'];
    const bytes = execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', ...source, '-c:v', 'libvpx', '-f', 'webm', 'pipe:1']);
    await sendFileFromLead('el recorrido', bytes, { kind: 'video', mime: 'video/webm', seconds: 8, width: 160, height: 120 });
    const film = bubble('el recorrido').locator('video');
    await film.waitFor();
    await film.evaluate(async (element) => {
      element.muted = true;
      await element.play();
      element.currentTime = 6;
    });
    await eventually('the film continues from there', () =>
      film.evaluate((element) => element.currentTime > 6 && element.videoWidth === 160));
  });

  await step('a document is downloaded with its name and exact bytes', async () => {
    const bytes = Buffer.from(`%PDF-1.4\n${'x'.repeat(90_000)}`);
    await sendFileFromLead('el recibo', bytes, { kind: 'document', mime: 'application/pdf', filename: 'recibo ñ.pdf' });
    const message = bubble('el recibo');
    await message.getByText('PDF · 90 kB').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), message.getByRole('link').click()]);
    assertEqual(download.suggestedFilename(), 'recibo ñ.pdf', 'the name of the file');
    assert(readFileSync(await download.path()).equals(bytes), 'the downloaded file has other content');
  });

  await step('a location, a contact card, a poll, an order and a list choice', async () => {
    await sendFromLead('', { location: { latitude: -34.6037, longitude: -58.3816, text: 'Obelisco\nAv. 9 de Julio' } });
    const map = bubble('Obelisco').getByRole('link', { name: 'Ver en el mapa' });
    await map.waitFor();
    assert((await map.getAttribute('href')).endsWith('query=-34.6037%2C-58.3816'), 'the map has another address');
    await sendFromLead('', { cards: [`BEGIN:VCARD\nFN:Leo Paz\nTEL;waid=${LEO}:+54 9 11 5825-4202\nEND:VCARD`] });
    const card = bubble('Leo Paz').getByRole('link', { name: 'Escribirle a Leo Paz' });
    await card.waitFor();
    assertEqual(await card.getAttribute('href'), `/conversaciones/${LEO}`, 'the address of the conversation');
    await sendFromLead('', { poll: { name: '¿Qué día?', options: ['lunes', 'martes'], multiple: false } });
    await bubble('¿Qué día?').getByRole('listitem').filter({ hasText: 'martes' }).waitFor();
    await sendFromLead('', { order: { id: '7', title: 'Silla', items: 2, total_1000: 1_500_500, currency: 'ARS' } });
    await bubble('Pedido: Silla').getByText('2 productos').waitFor();
    await sendFromLead('Sí, quiero', { selected: { kind: 'list', id: 'si', description: 'una visita' } });
    await bubble('Sí, quiero').getByText('una visita').waitFor();
    assertEqual(await bubble('Sí, quiero').getByText('Sí, quiero').count(), 1, 'mentions of the text');
  });

  await step('a forwarded message, a view-once image and a missed call', async () => {
    await sendFromLead('Mirá lo que me mandaron', { forwarded: true });
    await bubble('Mirá lo que me').getByText('Reenviado').waitFor();
    const bytes = Buffer.from(await drawImage(60, 60), 'base64');
    await sendFileFromLead('', bytes, { kind: 'image', mime: 'image/jpeg', view_once: true });
    await bubble('Para ver una sola vez').waitFor();
    await sendFromLead('', {}, { type: 'call_log' });
    await bubble('Llamada perdida').waitFor();
  });

  await step('edits with their history, reactions and deletions', async () => {
    const edited = await sendFromLead('Mañana a las 10');
    await bubble('Mañana a las 10').waitFor();
    await standin.call('lead-edits', { key: edited, body: 'Mañana a las 11' });
    const message = bubble('Mañana a las 11');
    await message.waitFor();
    assert(!(await message.getByText('Mañana a las 10').isVisible()), 'the earlier text is shown before it is opened');
    await message.getByRole('button', { name: 'Editado' }).click();
    await message.getByText('Mañana a las 10').waitFor();
    await standin.call('lead-reactions', { key: edited, emoji: '👍' });
    await message.getByRole('list', { name: 'Reacciones' }).getByText('👍').waitFor();
    const deleted = await sendFromLead('esto no');
    await bubble('esto no').waitFor();
    await standin.call('lead-deletions', { key: deleted });
    await bubble('Ana eliminó este mensaje').waitFor();
    assertEqual(await bubble('esto no').count(), 0, 'the text of the edited message');
  });

  await step('answer, edit and delete a message from its menu', async () => {
    const menu = (text) => bubble(text).last().getByRole('button', { name: 'Opciones del mensaje' });
    const choose = async (text, what) => {
      await menu(text).click();
      await page.getByRole('menuitem', { name: what }).click();
    };
    await sendFromLead('¿Tiene cochera?');
    await bubble('¿Tiene cochera?').waitFor();
    assertEqual(await page.getByRole('menuitem').count(), 0, 'open menus');
    // With the keyboard alone.
    await menu('¿Tiene cochera?').press('Enter');
    await page.getByRole('menuitem', { name: 'Responder' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem').first().waitFor({ state: 'detached' });
    await eventually('the focus is back on the button', () => menu('¿Tiene cochera?').evaluate((element) => element === document.activeElement));
    await page.keyboard.press('Enter');
    // The only entry is the next one as well.
    await eventually('the entry has the focus', async () => {
      await page.keyboard.press('ArrowDown');
      return page.getByRole('menuitem', { name: 'Responder' }).evaluate((element) => element === document.activeElement);
    });
    await page.keyboard.press('Enter');
    await page.getByTestId('answered').getByText('¿Tiene cochera?').waitFor();
    await box().fill('Sí, para dos autos');
    await button('Enviar').click();
    await bubble('Sí, para dos autos').getByRole('button', { name: 'Ir al mensaje que responde' }).waitFor();
    assertEqual(await page.getByTestId('answered').count(), 0, 'the quote in the answer');
    const sent = (await standin.messages()).find(({ body }) => body === 'Sí, para dos autos');
    assert(sent.quoted, 'WhatsApp did not get the quote');
    assertEqual(await bubble('¿Tiene cochera?').first().getByRole('menuitem', { name: 'Editar' }).count(), 0, 'actions on their message');
    await choose('Sí, para dos autos', 'Editar');
    await dialog().getByLabel('Mensaje').fill('Sí, para un auto');
    await dialog().getByRole('button', { name: 'Guardar' }).click();
    await dialog().waitFor({ state: 'detached' });
    await bubble('Sí, para un auto').getByRole('button', { name: 'Editado' }).waitFor();
    await audit('a message of one’s own');
    await choose('Sí, para un auto', 'Eliminar para todos');
    await dialog().getByRole('button', { name: 'Eliminar para todos' }).click();
    await bubble('Se eliminó este mensaje para todos').waitFor();
    const deletedMessage = (await standin.messages()).find(({ key }) => key === sent.key);
    assertEqual(deletedMessage.deleted, true, 'the message at their phone');
  });

  await step('react to a message from its menu, change it and take it away', async () => {
    const key = await sendFromLead('¿Aceptan mascotas?');
    const message = bubble('¿Aceptan mascotas?').last();
    await message.waitFor();
    const menu = message.getByRole('button', { name: 'Opciones del mensaje' });
    const reaction = (name) => page.getByRole('menuitemcheckbox', { name, exact: true });
    const shown = message.getByRole('list', { name: 'Reacciones' });
    const atPhone = async () => {
      const all = await standin.messages();
      return all.filter(({ reacts_to: target }) => target && key.endsWith(target)).map(({ body }) => body);
    };
    // With the keyboard alone.
    await menu.press('Enter');
    await reaction('Me gusta').waitFor();
    await eventually('the heart has the focus', async () => {
      await page.keyboard.press('ArrowDown');
      return reaction('Corazón').evaluate((element) => element === document.activeElement);
    });
    await page.keyboard.press('Enter');
    await shown.getByText('❤️').waitFor();
    await shown.getByText('de Vos').waitFor({ state: 'attached' });
    assertEqual((await atPhone()).join(), '❤️', 'what their phone got');
    // The lead's own is beside it.
    await standin.call('lead-reactions', { key, emoji: '🙏' });
    await shown.getByText('🙏').waitFor();
    await menu.click();
    assertEqual(await reaction('Corazón').getAttribute('aria-checked'), 'true', 'the chosen one');
    assertEqual(await page.getByRole('menuitemcheckbox', { checked: true }).count(), 1, 'chosen ones');
    // A menu lies outside of all landmarks, as what it opens over must not hide it.
    await audit('the reactions of a message', ['region']);
    await takeScreenshot('reactions-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await audit('the reactions of a message, dark', ['region']);
    await takeScreenshot('reactions-dark');
    await page.emulateMedia({ colorScheme: 'light' });
    // Another one of all emoji replaces it, and is there to be taken away.
    await page.getByRole('menuitem', { name: 'Otra reacción…' }).click();
    await dialog().getByRole('searchbox', { name: 'Buscar un emoji' }).fill('cohete');
    await dialog().getByRole('button', { name: 'cohete', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await shown.getByText('🚀').waitFor();
    assertEqual(await shown.getByText('❤️').count(), 0, 'the earlier reaction');
    await menu.click();
    await reaction('🚀').click();
    await shown.getByText('🚀').waitFor({ state: 'detached' });
    await shown.getByText('🙏').waitFor();
    assertEqual((await atPhone()).join(), '❤️,🚀,', 'what their phone got in the end');
    // One that is given on the phone is the own one here as well.
    await standin.call('own-reactions', { key, emoji: '😂' });
    await shown.getByText('😂').waitFor();
    // A failure is told in words, and changes nothing.
    await standin.call('contacts', { phone: ANA, blocked: true });
    await eventually('the reaction is refused', async () => {
      await menu.click();
      await reaction('Sorpresa').click();
      await dialog().waitFor();
      const words = await dialog().textContent();
      await page.keyboard.press('Escape');
      await dialog().waitFor({ state: 'detached' });
      return words.includes('No se pudo reaccionar') && /bloque/.test(words);
    });
    await shown.getByText('😂').waitFor();
    await standin.call('contacts', { phone: ANA, blocked: false });
  });

  await step('a file that WhatsApp no longer has is explained', async () => {
    const path = await upload(Buffer.alloc(2_000, 'f'));
    await sendFromLead('el video', { media: { path, kind: 'video', mime: 'video/mp4', seconds: 62 } });
    const message = bubble('el video');
    await message.locator('video').waitFor();
    // Videos are fetched only when they are played.
    const response = await fetch(`${base}phone/api/files`, { method: 'DELETE', body: JSON.stringify({ path }) });
    assert(response.ok, 'the file could not be deleted');
    await message.locator('video').evaluate((element) => void element.play().catch(() => undefined));
    await message.getByText(/WhatsApp ya no tiene este archivo|No se pudo traer de WhatsApp/).waitFor();
  });

  await step('search the conversation; a result opens its message', async () => {
    await button('Buscar en la conversación').click();
    await page.keyboard.type('recibo');
    const search = page.getByRole('search', { name: 'Buscar en esta conversación' });
    await search.getByText('1 encontrado').waitFor();
    await search.getByRole('button', { name: /el recibo/ }).click();
    await eventually('the message has the focus', () => bubble('el recibo').evaluate((element) => element === document.activeElement));
    await audit('the search');
    await search.getByRole('textbox').or(search.getByRole('searchbox')).press('Escape');
    await search.waitFor({ state: 'detached' });
  });

  await step('the contact panel lists the campaigns, and saves a note', async () => {
    const recipients = [{ telefono: ANA, nombre: 'Ana' }];
    const { id } = await api('/api/sender/campaigns', 'POST', { nombre: 'Casas de abril', mensaje: 'Hola {nombre}', destinatarios: recipients });
    await page.getByRole('heading', { level: 2 }).getByRole('button').click();
    const contact = page.getByRole('complementary', { name: /^Datos de/ });
    const campaign = contact.getByRole('region', { name: 'Campañas' }).getByRole('listitem').filter({ hasText: 'Casas de abril' });
    await campaign.getByText('Pendiente', { exact: true }).waitFor();
    await campaign.getByText('hoy', { exact: true }).waitFor();
    assertEqual(await campaign.getByRole('link', { name: 'Casas de abril' }).getAttribute('href'), `/campanas/${id}`, 'the link to the campaign');
    await contact.getByLabel('Etiquetas').fill('propietaria');
    await page.keyboard.press('Enter');
    await contact.getByLabel('Nota').fill('Quiere mudarse en abril');
    await contact.getByRole('button', { name: 'Guardar' }).click();
    await eventually('the note is saved', async () => (await api(`/api/contacts/${ANA}`)).nota === 'Quiere mudarse en abril');
    assertEqual((await api(`/api/contacts/${ANA}`)).etiquetas.join(), 'propietaria', 'the tags');
    await api('/api/sender/bajas', 'POST', { telefono: ANA, motivo: 'por teléfono' });
    await contact.getByText('Pidió la baja').waitFor();
    await api(`/api/sender/bajas/${ANA}`, 'DELETE');
    await audit('the contact');
    await takeScreenshot('contact');
    await contact.getByRole('button', { name: 'Cerrar los datos' }).click();
    await contact.waitFor({ state: 'detached' });
  });

  await step('send files by button, drop and paste; the first has the text and the quote', async () => {
    await bubble('¿Tiene cochera?').first().getByRole('button', { name: 'Opciones del mensaje' }).click();
    await page.getByRole('menuitem', { name: 'Responder' }).click();
    await page.getByTestId('answered').getByText('¿Tiene cochera?').waitFor();
    const house = Buffer.from(await drawImage(640, 480), 'base64');
    await page.locator('input[type="file"]').setInputFiles([
      { name: 'casa.jpg', mimeType: 'image/jpeg', buffer: house },
      { name: 'plano.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\nplano') },
    ]);
    const dropData = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['soltado'], 'soltado.txt', { type: 'text/plain' }));
      return data;
    });
    await log().dispatchEvent('dragover', { dataTransfer: dropData });
    await page.getByText('Soltá los archivos').waitFor();
    await log().dispatchEvent('drop', { dataTransfer: dropData });
    await page.locator('[data-attachment="soltado.txt"]').waitFor();
    await box().evaluate((element) => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File(['pegado'], 'pegado.txt', { type: 'text/plain' }));
      // Finder and GNOME put the name beside the file.
      clipboardData.setData('text/plain', 'pegado.txt');
      element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    });
    await page.locator('[data-attachment="pegado.txt"]').waitFor();
    await page.getByRole('button', { name: 'Quitar pegado.txt' }).click();
    await box().fill('Acá va');
    await audit('files to send');
    await takeScreenshot('files');
    const before = (await standin.messages()).length;
    // The first upload is held, so that its progress can be seen.
    let release = null;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/api/files', async (route) => {
      await held;
      await route.continue();
    }, { times: 1 });
    await button('Enviar').click();
    await page.locator('[data-attachment="casa.jpg"]').getByRole('progressbar').waitFor();
    release();
    await eventually('the files have arrived', async () => (await standin.messages()).length === before + 3, 60_000);
    await page.locator('[data-attachment]').first().waitFor({ state: 'detached' });
    assertEqual(await box().inputValue(), '', 'the caption of the first file');
    const { mensajes } = await api(`/api/listener/history/${ANA}`);
    assertEqual(
      mensajes.slice(0, 3).map(({ tipo, mensaje }) => `${tipo}:${mensaje}`).join(),
      'document:,document:,image:Acá va',
      'the files at the phone',
    );
    assertEqual(mensajes.slice(0, 3).map(({ quoted }) => quoted !== undefined).join(), 'false,false,true', 'quotes at the phone');
    assertEqual(await page.getByTestId('answered').count(), 0, 'the quote in the answer');
    await bubble('Acá va').getByRole('button', { name: 'Ir al mensaje que responde' }).waitFor();
  });

  await step('the files that were sent are seen and downloaded from the chat', async () => {
    await button('Ver grande: Acá va').click();
    const large = dialog().getByAltText('Acá va');
    await eventually('the sent image is shown in full size', () => large.evaluate((element) => element.complete && element.naturalWidth === 640));
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert(await bubble('Acá va').locator('img').first().evaluate((element) => element.src.startsWith('data:image/jpeg')), 'the preview');
    const sent = bubble('plano.pdf');
    const [download] = await Promise.all([page.waitForEvent('download'), sent.getByRole('link').click()]);
    assertEqual(download.suggestedFilename(), 'plano.pdf', 'the name of the file');
    assertEqual(readFileSync(await download.path()).toString(), '%PDF-1.4\nplano', 'the bytes of the file');
    await takeScreenshot('sent-files');
  });

  await step('screenshots in the light theme, the dark theme and on a phone', async () => {
    const takeShots = async (name) => {
      const height = await log().evaluate((element) => element.scrollHeight - element.clientHeight);
      for (const [n, part] of [0, 0.33, 0.66, 1].entries()) {
        await log().evaluate((element, top) => element.scrollTo(0, top), height * (1 - part));
        await takeScreenshot(`${name}-${n}`);
      }
      await audit(name);
    };
    await takeShots('light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await takeShots('dark');
    await page.setViewportSize({ width: 360, height: 740 });
    await assertNoSidewaysScroll('on a phone');
    await takeShots('phone');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('in English', async () => {
    await page.evaluate(() => localStorage.setItem('leadmaster-language', 'en'));
    await page.reload();
    await bubble('Acá va').waitFor();
    await scrollToMessage('Missed call');
    await scrollToMessage('Came from an ad on Instagram');
    await takeScreenshot('english-light');
    await audit('in English');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 360, height: 740 });
    await assertNoSidewaysScroll('in English on a phone');
    await takeScreenshot('english-dark-phone');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.evaluate(() => localStorage.setItem('leadmaster-language', 'es'));
    await page.reload();
    await bubble('Acá va').waitFor();
    await scrollToMessage('Llamada perdida');
  });

  await step('older messages load without a jump', async () => {
    for (let n = 0; n < 60; n += 1) await standin.leadMessage({ from: LEO, body: `mensaje ${n}` });
    // Wait until all are stored, so that the first page contains them.
    await eventually('the messages are stored', async () =>
      (await api(`/api/listener/history/${LEO}?limite=1`)).mensajes[0]?.mensaje === 'mensaje 59');
    await page.goto(`${hub}/conversaciones/${LEO}`);
    await bubble('mensaje 59').waitFor();
    let answer = null;
    const gate = new Promise((resolve) => (answer = resolve));
    await page.route(/history.*antes=/, async (route) => {
      await gate;
      await route.continue();
    });
    const olderRequest = page.waitForRequest(/history.*antes=/);
    await log().evaluate((element) => element.scrollTo(0, 100));
    await olderRequest;
    const height = await log().evaluate((element) => element.scrollHeight);
    await assertSteady(await topMessage(), async () => {
      answer();
      await eventually('the older messages are loaded', () => log().evaluate((element, before) => element.scrollHeight > before + 300, height));
    });
    await page.unroute(/history.*antes=/);
    await log().evaluate((element) => element.scrollTo(0, 0));
    await bubbles().getByText('mensaje 0', { exact: true }).waitFor();
  });

  await step('a conversation with thousands of messages loads only a part', async () => {
    const first = await standin.leadMessage({ from: MIA, name: 'Mía', body: 'la primera pregunta' });
    await eventually('the history is stored', async () => (await api(`/api/listener/history/${MIA}`)).mensajes.length === 1);
    const mensajes = Array.from({ length: 3_000 }, (_, n) => ({ destinatario: MIA, mensaje: `aviso ${n}` }));
    await api('/api/sender/messages/bulk', 'POST', { mensajes });
    // With sending stopped, the messages stay in the conversation, and the test need not wait for
    // the sends.
    await api('/api/sending', 'PUT', { detenido: true });
    await standin.leadMessage({ from: MIA, body: 'la última respuesta', content: { quoted: first.key } });
    await page.goto(`${hub}/conversaciones/${MIA}`);
    await bubble('la última respuesta').waitFor();
    const assertFewMessages = async (where) => {
      const count = await bubbles().count();
      assert(count > 5 && count < 100, `${where}: ${count} messages in the document`);
    };
    await assertFewMessages('at the end');

    // An event fetches the newest page.
    const atEnd = recordFetches(MIA);
    await standin.leadMessage({ from: MIA, body: '¿Me leés?' });
    await bubble('¿Me leés?').waitFor();
    await eventually('the newest page is fetched again', () => atEnd.cursors.length >= 2);
    atEnd.end();
    assertEqual(atEnd.cursors.join(), atEnd.cursors.map(() => '').join(), 'pages that an event fetches');

    // The last message stays in view above an answer of several lines.
    await box().fill('una\ndos\ntres\ncuatro\ncinco');
    await eventually('the last message is in view', () =>
      bubble('¿Me leés?').evaluate((element) => element.getBoundingClientRect().bottom <= element.closest('[role=log]').getBoundingClientRect().bottom));
    await box().fill('');

    // A quote opens a message that is thousands of messages away. The way there can be stopped, and
    // goes on from where it was.
    const jump = bubble('la última respuesta').getByRole('button', { name: 'Ir al mensaje que responde' });
    const looking = page.getByText('Buscando el mensaje…', { exact: false });
    let far = 0;
    let go = null;
    const gate = new Promise((resolve) => (go = resolve));
    await page.route(/history.*antes=/, async (route) => {
      far += 1;
      if (far === 3) await gate;
      await route.continue().catch(() => undefined);
    });
    await jump.click();
    await eventually('the third page is asked for', () => far === 3);
    await page.getByText('Buscando el mensaje… se miró hasta hoy').waitFor();
    await takeScreenshot('looking-for-message');
    await button('Parar').click();
    await looking.waitFor({ state: 'detached' });
    go();
    await page.unroute(/history.*antes=/);
    await assertFewMessages('after the way was stopped');
    const rest = recordFetches(MIA);
    await jump.click();
    const quoted = bubble('la primera pregunta').first();
    const isInView = () =>
      quoted.evaluate((element) => {
        const { top, bottom } = element.getBoundingClientRect();
        const edge = element.closest('[role=log]').getBoundingClientRect();
        return element === document.activeElement && element.dataset.lit === 'true' && top >= edge.top && bottom <= edge.bottom;
      });
    await eventually('the message has the focus', isInView, 60_000);
    rest.end();
    const fetched = rest.cursors.filter((cursor) => cursor !== '').length;
    assert(fetched > 0 && fetched <= 14, `${fetched} pages for the rest of the way`);
    await assertFewMessages('at the start');

    // A new message does not move the view: only the newest page and the page in view are fetched.
    const above = recordFetches(MIA);
    await assertSteady(await topMessage(), async () => {
      await standin.leadMessage({ from: MIA, body: 'Sigo acá' });
      await page.locator(`[data-chat="${MIA}"]`).getByText('Sigo acá').waitFor();
      await eventually('the newest page is fetched', () => above.cursors.length >= 4);
    });
    above.end();
    const others = new Set(above.cursors.filter((cursor) => cursor !== ''));
    assert(others.size <= 1, `an event also fetched ${[...others].join()}`);
    assert(await isInView(), 'the message is no longer in view');

    // What came meanwhile is told, and leads there; so does an answer of one's own.
    await takeScreenshot('new-below');
    await button('1 nuevo: Ir al final').click();
    await bubble('Sigo acá').waitFor();
    await eventually('the end is in view', async () => (await button(/Ir al final/).count()) === 0);
    await log().evaluate((element) => element.scrollBy(0, -3_000));
    await button('Ir al final').waitFor();
    await jump.waitFor({ state: 'detached' });
    await box().fill('Te contesto');
    await box().press('Enter');
    await eventually('the end is in view again', async () => (await button(/Ir al final/).count()) === 0);
    await bubble('Sigo acá').waitFor();
    await box().fill('');
    await log().evaluate((element) => element.scrollTo(0, 0));
    await quoted.focus();

    // The focus stays on its message, even out of view. Scrolling announces nothing to screen
    // readers.
    assertEqual(await log().getAttribute('aria-live'), 'off', 'announcements while old messages are read');
    await log().evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await bubble('Sigo acá').waitFor();
    assert(await quoted.evaluate((element) => element === document.activeElement), 'the focused message has lost the focus');
    await eventually('new messages are announced', async () => (await log().getAttribute('aria-live')) === 'polite');
    await assertFewMessages('at the end again');
    await audit('a long conversation');
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 300_000);
