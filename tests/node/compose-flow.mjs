// Tests the message composer on the hub's page in Chromium: quick answers, emoji, voice messages
// and new conversations, on a linked pair that really sends to the stand-in. The microphone is
// Chromium's simulated one, which beeps.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node compose-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> screenshots of each screen are saved:
// light and dark theme, phone, English.
import { createHash } from 'node:crypto';

import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node compose-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const OTHER_PASSWORD = 'la contraseña de berta';
const MICROPHONE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder, args: MICROPHONE });
const { api, audit, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;

const bubble = (text) => page.locator('[data-message]').filter({ hasText: text });
const box = () => page.getByLabel('Respuesta', { exact: true });
const answers = () => page.getByRole('listbox', { name: 'Respuestas rápidas' });
const emoji = () => page.getByTestId('emoji');
const voice = () => page.getByTestId('voice');
const newest = async () => (await standin.messages()).at(-1);
const sentCount = async () => (await standin.messages()).length;
const scripts = () =>
  page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/assets/')));

/** Audits the screen and takes screenshots of it: light, dark, and on a phone. */
async function inspect(name) {
  await audit(name);
  await takeScreenshot(`${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await audit(`${name} in the dark`);
  await takeScreenshot(`${name}-dark`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  await assertNoSidewaysScroll(`${name} on a phone`);
  await audit(`${name} on a phone`);
  await takeScreenshot(`${name}-phone`);
  await page.setViewportSize({ width: 1200, height: 900 });
}

/** Runs `act`, waits until it has sent one message, and returns that message. */
async function sendWith(act) {
  const before = await sentCount();
  await act();
  await eventually('one message arrives at the phone', async () => (await sentCount()) === before + 1, 60_000);
  return newest();
}

async function test() {
  page = await visitor.open();
  // Keeps the recordings: the page creates an object URL for each.
  await page.addInitScript(() => {
    const original = URL.createObjectURL;
    window.recorded = [];
    URL.createObjectURL = (blob) => {
      window.recorded.push(blob);
      return original.call(URL, blob);
    };
  });
  await page.goto(`${hub}/conversaciones`);
  await signIn('admin', password);
  await standin.leadMessage({ from: ANA, name: 'Ana', body: '¿Dónde están?' });
  await standin.leadMessage({ from: LEO, body: 'Hola' });

  await step('without quick answers, a slash leads to their screen', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await bubble('¿Dónde están?').waitFor();
    await box().press('/');
    const panel = page.getByTestId('quick-answers');
    await panel.getByText('Todavía no hay respuestas rápidas.').waitFor();
    await panel.getByRole('link', { name: 'Ver y cambiar' }).click();
    await page.getByRole('heading', { name: 'Respuestas rápidas', level: 1 }).waitFor();
    const current = page.getByRole('navigation', { name: 'Secciones' }).locator('[aria-current]');
    assertEqual((await current.allTextContents()).join(), 'Respuestas rápidas', 'the current entry of the menu');
    await waitForText('Por ejemplo «horario»');
  });

  await step('add quick answers; input errors are explained', async () => {
    const add = async (shortcut, text) => {
      await button('Nueva respuesta').click();
      await dialog().getByLabel('Atajo').fill(shortcut);
      await dialog().getByLabel('Texto').fill(text);
      await dialog().getByRole('button', { name: 'Guardar' }).click();
      await dialog().waitFor({ state: 'detached' });
    };
    await add('/ubicacion', 'Hola {nombre|vecino}, estamos en Av. 9 de Julio 1.\nTu número es {telefono}.');
    await add('ubicacion-deposito', 'El depósito está en Warnes 500.');
    await add('turno', '{nombre}, ¿te queda bien el lunes?');
    await button('Nueva respuesta').click();
    await dialog().getByLabel('Atajo').fill('dos palabras');
    await dialog().getByLabel('Texto').fill('Debe {monto}');
    await dialog().getByRole('button', { name: 'Guardar' }).click();
    await dialog().getByText('Una sola palabra de hasta 30 letras o números.').waitFor();
    await dialog().getByText('No hay un dato «monto»').waitFor();
    await dialog().getByLabel('Atajo').fill('TURNO');
    await dialog().getByLabel('Texto').fill('');
    await dialog().getByRole('button', { name: 'Poner {nombre}' }).click();
    await eventually('the quick answer is inserted', async () => (await dialog().getByLabel('Texto').inputValue()) === '{nombre}');
    assertEqual(await dialog().getByTestId('preview').textContent(), 'Ana', 'the text at the phone');
    await dialog().getByRole('button', { name: 'Guardar' }).click();
    await dialog().getByText('Ya hay una respuesta rápida con ese atajo.').waitFor();
    await inspect('quick-answer-form');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  await step('change a quick answer; delete one and undo it', async () => {
    await button('Cambiar /turno').click();
    await dialog().getByLabel('Texto').fill('{nombre}, ¿te queda bien el martes?');
    await dialog().getByRole('button', { name: 'Guardar' }).click();
    await waitForText('¿te queda bien el martes?');
    await button('Borrar /turno').click();
    await waitForText('/turno borrada');
    await button('Borrar /turno').waitFor({ state: 'detached' });
    await button('Deshacer').click();
    await button('Borrar /turno').waitFor();
    await inspect('quick-answers');
  });

  await step('choose a quick answer with the keyboard; it has the name of the contact', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await bubble('¿Dónde están?').waitFor();
    await box().pressSequentially('/ubi');
    await answers().waitFor();
    const options = answers().getByRole('option');
    assertEqual(await options.count(), 2, 'the matching quick answers');
    const chosen = () => box().getAttribute('aria-activedescendant');
    assertEqual(await chosen(), await options.first().getAttribute('id'), 'the selected option');
    await box().press('ArrowDown');
    assertEqual(await chosen(), await options.nth(1).getAttribute('id'), 'the option after ArrowDown');
    await box().press('ArrowDown');
    assertEqual(await chosen(), await options.first().getAttribute('id'), 'the option after ArrowUp');
    assertEqual(await options.first().getAttribute('aria-selected'), 'true', 'the option announced to screen readers');
    await inspect('quick-answer-list');
    await box().press('Escape');
    await answers().waitFor({ state: 'detached' });
    assertEqual(await box().inputValue(), '/ubi', 'the typed text after Escape');
    await box().pressSequentially(' /UBICACION');
    await answers().waitFor();
    await box().press('Enter');
    const text = '/ubi Hola Ana, estamos en Av. 9 de Julio 1.\nTu número es +54 9 11 5825-4201.';
    await eventually('the quick answer is in the answer box', async () => (await box().inputValue()) === text);
    await box().fill(text.slice(5));
    const message = await sendWith(() => box().press('Enter'));
    assertEqual(message.body, text.slice(5), 'the text at the phone');
    await eventually('the answer box is empty', async () => (await box().inputValue()) === '');
  });

  await step('a placeholder without a value is left to complete', async () => {
    await page.goto(`${hub}/conversaciones/${LEO}`);
    await bubble('Hola').first().waitFor();
    await button('Respuestas rápidas').click();
    await answers().getByRole('option').filter({ hasText: '/turno' }).click();
    await page.getByTestId('missing').waitFor();
    await page.keyboard.type('Leo');
    assertEqual(await box().inputValue(), 'Leo, ¿te queda bien el martes?', 'the selected placeholder');
    await page.getByTestId('missing').waitFor({ state: 'detached' });
  });

  await step('a draft stays in its chat after a reload', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await bubble('¿Dónde están?').waitFor();
    assertEqual(await box().inputValue(), '', 'the draft of another chat');
    await page.goto(`${hub}/conversaciones/${LEO}`);
    await page.reload();
    await eventually('the draft is restored', async () => (await box().inputValue()).startsWith('Leo, ¿te queda'));
    await box().fill('');
  });

  await step('search emoji in two languages and insert one at the cursor', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await bubble('¿Dónde están?').waitFor();
    assert(!(await scripts()).some((name) => name.includes('EmojiPicker')), 'the emoji script is loaded before the picker opens');
    await box().fill('Gracias Ana');
    await box().press('Home');
    for (const _ of 'Gracias') await box().press('ArrowRight');
    await button('Emojis').click();
    const search = emoji().getByRole('searchbox', { name: 'Buscar un emoji' });
    await search.waitFor();
    assert((await scripts()).some((name) => name.includes('EmojiPicker')), 'the emoji script is not loaded after the picker has opened');
    await inspect('emoji');
    await search.fill('corazón rojo');
    await emoji().getByRole('button', { name: 'corazón rojo' }).waitFor();
    await search.fill('folded hands');
    await eventually('one emoji matches', async () => (await emoji().getByRole('button').count()) === 1);
    await search.press('Enter');
    await search.press('Escape');
    await button('Emojis').click();
    await emoji().getByRole('heading', { name: 'Usados hace poco' }).waitFor();
    await search.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const second = await page.evaluate(() => document.activeElement?.dataset.emoji);
    assert(second, 'no emoji has the focus');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await emoji().waitFor({ state: 'detached' });
    assert(await box().evaluate((element) => element === document.activeElement), 'the answer box has not got the focus back');
    const message = await sendWith(() => box().press('Enter'));
    assertEqual(message.body, `Gracias🙏${second} Ana`, 'the text at the phone');
  });

  await step('start a conversation with a number in local format', async () => {
    await button('Nueva conversación').click();
    const to = dialog().getByLabel('Número o nombre');
    await to.fill('15 5825-4299');
    await dialog().getByText('Falta el código de área').first().waitFor();
    await to.fill('011 15-5825-4299');
    await dialog().getByText('Se va a enviar a +54 9 11 5825-4299').waitFor();
    await inspect('new-conversation');
    await to.press('Enter');
    await page.waitForURL(/5491158254299$/);
    await waitForText('No hay mensajes con este número.');
    await box().fill('Hola, te escribo de la inmobiliaria');
    const message = await sendWith(() => box().press('Enter'));
    assertEqual(message.chat, '5491158254299@c.us', 'the recipient of the message');
    await bubble('te escribo de la inmobiliaria').waitFor();
  });

  await step('start a conversation with a contact by name', async () => {
    await button('Nueva conversación').click();
    await dialog().getByLabel('Número o nombre').fill('nadie así');
    await dialog().getByText('No hay un contacto así').waitFor();
    await dialog().getByLabel('Número o nombre').fill('ana');
    await dialog().getByRole('link', { name: /Ana/ }).click();
    await page.waitForURL(new RegExp(`${ANA}$`));
    await dialog().waitFor({ state: 'detached' });
    await bubble('¿Dónde están?').waitFor();
  });

  await step('record, discard and play a voice message', async () => {
    await button('Grabar un mensaje de voz').click();
    await voice().getByText('Grabando 0:01').waitFor();
    await inspect('voice-recording');
    await voice().getByRole('button', { name: 'Descartar' }).click();
    await voice().waitFor({ state: 'detached' });
    await button('Grabar un mensaje de voz').click();
    await voice().getByText('Grabando 0:02').waitFor();
    await voice().getByRole('button', { name: 'Parar' }).click();
    const player = voice().locator('audio');
    await player.waitFor();
    await player.evaluate(async (element) => {
      element.muted = true;
      await element.play();
    });
    await eventually('the player’s sound is loud', () => player.evaluate((element) => element.currentTime > 0.2 && element.duration > 1.5));
    await inspect('voice-recorded');
  });

  await step('the voice message arrives as OGG/Opus', async () => {
    const message = await sendWith(() => button('Enviar la voz').click());
    await voice().waitFor({ state: 'detached' });
    // Compares the recorded bytes, and decodes them with Chromium.
    const recording = await page.evaluate(async () => {
      const bytes = await window.recorded.at(-1).arrayBuffer();
      const base64 = btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(''));
      const sound = await new OfflineAudioContext(1, 48_000, 48_000).decodeAudioData(bytes);
      const loudest = sound.getChannelData(0).reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
      return { base64, seconds: sound.duration, loudest };
    });
    const bytes = Buffer.from(recording.base64, 'base64');
    assertEqual(bytes.subarray(0, 4).toString(), 'OggS', 'the container format');
    assertEqual(bytes.subarray(28, 36).toString(), 'OpusHead', 'the codec');
    assert(recording.seconds > 1.5 && recording.seconds < 60, `the recording lasts ${recording.seconds} s`);
    assert(recording.loudest > 0.01, 'the recording is silent');
    assertEqual(message.kind, 'ptt', 'the voice-message flag');
    assertEqual(message.file.mime.split(';')[0], 'audio/ogg', 'the MIME type');
    assertEqual(message.file.sha256, createHash('sha256').update(bytes).digest('hex'), 'the bytes at the phone');
    const { mensajes } = await api(`/api/listener/history/${ANA}`);
    assertEqual(mensajes[0].direccion, 'saliente', 'voice messages in the conversation');
    // It can be heard again in the chat.
    const player = page.locator('[data-message] audio').last();
    await player.evaluate((sound) => sound.play());
    await eventually('the sent voice message plays', () => player.evaluate((sound) => sound.currentTime > 0));
    await player.evaluate((sound) => sound.pause());
    await takeScreenshot('voice-sent');
  });

  /** Opens a chat from the list, as a person does: the page stays. */
  async function openChat(number) {
    await page.getByText('Todas', { exact: true }).click();
    await page.locator(`a[href$="/conversaciones/${number}"]`).first().click();
    await page.waitForURL(new RegExp(`${number}$`));
    await box().waitFor();
  }

  /** Holds the next requests to a path until the returned function is called. */
  async function hold(path) {
    let release = null;
    const held = new Promise((resolve) => (release = resolve));
    const passed = [];
    await page.route(path, (route) => {
      passed.push(held.then(() => route.continue()));
    });
    return async () => {
      release();
      await Promise.all(passed);
      await page.unroute(path);
    };
  }

  const attachment = (name) => page.locator(`[data-attachment="${name}"]`);
  const attach = (...names) =>
    page.locator('input[type="file"]').setInputFiles(
      names.map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(`contenido de ${name}`) })),
    );

  await step('a recording waits in its chat; one of Safari is converted by the service', async () => {
    await page.evaluate(() => {
      const original = MediaRecorder.isTypeSupported;
      MediaRecorder.isTypeSupported = (type) => type.startsWith('audio/mp4') && original.call(MediaRecorder, type);
    });
    await button('Grabar un mensaje de voz').click();
    await voice().getByText('Grabando 0:01').waitFor();
    await openChat(LEO);
    assertEqual(await voice().count(), 0, 'the recording in another chat');
    await openChat(ANA);
    await voice().locator('audio').waitFor();
    assertEqual(await page.evaluate(() => window.recorded.at(-1).type), 'audio/mp4', 'the recorded type');
    const message = await sendWith(() => button('Enviar la voz').click());
    assertEqual(`${message.kind} ${message.file.mime.split(';')[0]}`, 'ptt audio/ogg', 'the voice message at the phone');
    await voice().waitFor({ state: 'detached' });
  });

  await step('what is typed while an answer is being sent stays, and Enter sends it afterwards', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await bubble('¿Dónde están?').waitFor();
    const before = await sentCount();
    const release = await hold('**/api/sender/messages/send');
    await box().fill('Buenas tardes');
    const asked = page.waitForRequest('**/api/sender/messages/send');
    await box().press('Enter');
    await asked;
    await box().pressSequentially(' ¿Le queda bien mañana?');
    await box().press('Enter');
    await box().pressSequentially(' Tengo a las');
    await release();
    await eventually('both messages have arrived', async () => (await sentCount()) === before + 2, 60_000);
    const bodies = (await standin.messages()).slice(-2).map(({ body }) => body);
    assertEqual(bodies.join('|'), 'Buenas tardes|¿Le queda bien mañana?', 'the messages at the phone');
    await eventually('the rest is left to send', async () => (await box().inputValue()) === 'Tengo a las');
    await box().fill('');
  });

  /** Describes the messages at the phone from this one on. */
  const arrivedSince = async (first) =>
    (await standin.messages()).slice(first).map(({ body, caption, file }) => `${file?.filename ?? ''}:${caption ?? body ?? ''}`).join('|');

  await step('what is typed while a file is being sent, Enter sends after it', async () => {
    const before = await sentCount();
    await attach('uno.txt');
    await attachment('uno.txt').waitFor();
    await box().fill('El plano');
    const release = await hold('**/api/files?*');
    await button('Enviar').click();
    await attachment('uno.txt').getByRole('progressbar').waitFor({ state: 'attached' });
    await box().fill('El plano\n¿Le sirve?');
    await box().press('Enter');
    await release();
    await eventually('both have arrived', async () => (await sentCount()) === before + 2, 60_000);
    assertEqual(await arrivedSince(before), 'uno.txt:El plano|:¿Le sirve?', 'the messages at the phone');
    await eventually('the box is empty', async () => (await box().inputValue()) === '');
  });

  await step('a file that is added while an answer is being sent goes with the next Enter', async () => {
    const before = await sentCount();
    const release = await hold('**/api/sender/messages/send');
    const asked = page.waitForRequest('**/api/sender/messages/send');
    await box().fill('Le mando el plano');
    await box().press('Enter');
    await asked;
    await attach('plano.txt');
    await attachment('plano.txt').waitFor();
    await box().fill('Le mando el plano\nAhí va');
    await box().press('Enter');
    await release();
    await eventually('both have arrived', async () => (await sentCount()) === before + 2, 60_000);
    assertEqual(await arrivedSince(before), ':Le mando el plano|plano.txt:Ahí va', 'the messages at the phone');
    await attachment('plano.txt').waitFor({ state: 'detached' });
  });

  await step('a file that was certainly not sent may get another text', async () => {
    const keys = [];
    await page.route('**/api/send', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      const body = JSON.stringify({ code: 'SESSION_NOT_READY', message: 'not now' });
      await (keys.length === 1 ? route.fulfill({ status: 503, contentType: 'application/json', body }) : route.continue());
    });
    await attach('otra.txt');
    await box().fill('Primero');
    await button('Enviar').click();
    await attachment('otra.txt').getByText('WhatsApp no está conectado.').waitFor();
    await box().fill('Segundo');
    const message = await sendWith(() => button('Enviar').click());
    await page.unroute('**/api/send');
    assertEqual(message.caption, 'Segundo', 'the caption at the phone');
    assert(keys[0] !== keys[1], 'another message has the key of the first one');
  });

  await step('who writes a note while an answer is being sent goes on with it', async () => {
    const contact = page.getByRole('complementary', { name: /^Datos de/ });
    const note = contact.getByLabel('Nota');
    const release = await hold('**/api/files?*');
    await attach('largo.txt');
    await button('Enviar').click();
    await attachment('largo.txt').getByRole('progressbar').waitFor({ state: 'attached' });
    await page.getByRole('heading', { level: 2 }).getByRole('button').click();
    await note.pressSequentially('Pregunta');
    await sendWith(release);
    await attachment('largo.txt').waitFor({ state: 'detached' });
    await page.keyboard.type(' mucho');
    assertEqual(await note.inputValue(), 'Pregunta mucho', 'the note');
    await note.fill('');
    await button('Cerrar los datos').click();
  });

  await step('a quote waits with its draft; the browser asks before unsent files are lost', async () => {
    const isAsked = () =>
      page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })));
    const quote = page.getByTestId('answered');
    await page.locator('[data-message]').last().getByRole('button', { name: 'Opciones del mensaje' }).click();
    await page.getByRole('menuitem', { name: 'Responder' }).click();
    await quote.waitFor();
    assertEqual(await isAsked(), false, 'asked without files');
    await attach('espera.txt');
    await attachment('espera.txt').waitFor();
    assertEqual(await isAsked(), true, 'asked with a file');
    await openChat(LEO);
    assertEqual(await quote.count(), 0, 'the quote in another chat');
    await openChat(ANA);
    await quote.waitFor();
    await button('Quitar espera.txt').click();
    await button('No responder a ese mensaje').click();
  });

  await step('an answer goes on when another chat is opened; what is not sent waits in its chat', async () => {
    await attach('uno.txt', 'dos.txt', 'tres.txt');
    await attachment('tres.txt').waitFor();
    await box().fill('Los planos');
    const release = await hold('**/api/files?*');
    const before = await sentCount();
    await button('Enviar').click();
    await attachment('uno.txt').getByRole('progressbar').waitFor({ state: 'attached' });
    // What is taken off the list while an earlier file is on its way is not sent.
    await button('Quitar tres.txt').click();
    await openChat(LEO);
    await box().fill('para Leo');
    await attach('espera.txt');
    await attachment('espera.txt').waitFor();
    await release();
    await eventually('both files have arrived', async () => (await sentCount()) === before + 2, 60_000);
    await openChat(ANA);
    await attachment('dos.txt').waitFor({ state: 'detached' });
    assertEqual(await box().inputValue(), '', 'the text that was sent with the files');
    assertEqual(await page.locator('[data-attachment]').count(), 0, 'the files in the other chat');
    // Sends one more, so that a file that was removed would have arrived before it.
    await box().fill('Es todo');
    await sendWith(() => box().press('Enter'));
    assertEqual(await arrivedSince(before), 'uno.txt:Los planos|dos.txt:|:Es todo', 'the messages at the phone');
    await openChat(LEO);
    await attachment('espera.txt').waitFor();
    assertEqual(await box().inputValue(), 'para Leo', 'the text that waits');
    await takeScreenshot('files-waiting');
    await button('Quitar espera.txt').click();
    await box().fill('');
  });

  await step('files are pasted anywhere in the chat; empty ones and stray drops do no harm', async () => {
    const paste = (target, file) =>
      target.evaluate((element, name) => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([name], name, { type: 'text/plain' }));
        // As Finder and GNOME do.
        clipboardData.setData('text/plain', name);
        element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      }, file);
    await paste(page.getByRole('log'), 'pegado.txt');
    await attachment('pegado.txt').waitFor();
    await paste(page.getByLabel('Buscar', { exact: true }), 'otro.txt');
    await button('Quitar pegado.txt').click();
    await page.locator('input[type="file"]').setInputFiles([
      { name: 'vacío.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
      { name: '\u200efoto.txt', mimeType: 'text/plain', buffer: Buffer.from('con contenido') },
    ]);
    await waitForText('No se agregó, porque está vacío: vacío.txt');
    await attachment('foto.txt').waitFor();
    assertEqual(await page.locator('[data-attachment]').count(), 1, 'the files to send');
    await audit('an empty file');
    await takeScreenshot('file-empty');
    const isStopped = await page.getByRole('navigation', { name: 'Secciones' }).evaluate((element) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], 'x.txt'));
      return ['dragover', 'drop'].every((type) => !element.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })));
    });
    assert(isStopped, 'a file that falls on the menu replaces the page');
    const message = await sendWith(() => button('Enviar').click());
    assertEqual(message.file.filename, 'foto.txt', 'the name of the file');
  });

  await step('an upload that breaks off was certainly not sent', async () => {
    await page.route('**/api/files?*', (route) => route.abort());
    await attach('cortado.txt');
    await button('Enviar').click();
    await attachment('cortado.txt').getByText('Se cortó la subida. No salió: enviá de nuevo.').waitFor();
    await page.unroute('**/api/files?*');
    const message = await sendWith(() => button('Enviar').click());
    assertEqual(message.file.filename, 'cortado.txt', 'the file at the phone');
  });

  await step('a GIF that cannot be converted can be sent as a document', async () => {
    const file = { name: 'baile.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a\x01\0\x01\0\x80\0\0 y nada más', 'latin1') };
    await page.locator('input[type="file"]').setInputFiles([file]);
    await box().fill('¡Felicidades!');
    await button('Enviar').click();
    await attachment('baile.gif').getByText('se puede enviar como documento').waitFor();
    assertEqual(await box().inputValue(), '¡Felicidades!', 'the text that was not sent');
    await inspect('file-not-convertible');
    await attachment('baile.gif').getByRole('button', { name: 'Enviarlo como documento' }).click();
    const message = await sendWith(() => button('Enviar').click());
    assertEqual(`${message.kind} ${message.file.filename} ${message.caption}`, 'document baile.gif ¡Felicidades!', 'the file at the phone');
    await attachment('baile.gif').waitFor({ state: 'detached' });
  });

  await step('a note beside the chat stays while others change the contact and the chat is left', async () => {
    const contact = page.getByRole('complementary', { name: /^Datos de/ });
    const note = contact.getByLabel('Nota');
    const openContact = () => page.getByRole('heading', { level: 2 }).getByRole('button').click();
    await openChat(ANA);
    await openContact();
    await note.fill('Prefiere la tarde');
    await api(`/api/contacts/${ANA}`, 'PUT', { etiquetas: ['comprador'] });
    await contact.getByText('comprador').waitFor({ timeout: 30_000 });
    assertEqual(await note.inputValue(), 'Prefiere la tarde', 'the note after a change elsewhere');
    await openChat(LEO);
    await openChat(ANA);
    await openContact();
    await note.waitFor();
    assertEqual(await note.inputValue(), 'Prefiere la tarde', 'the note after the chat was left');
    await contact.getByRole('button', { name: 'Guardar' }).click();
    await waitForText('Se guardó.');
    const { nota, etiquetas } = await api(`/api/contacts/${ANA}`);
    assertEqual(`${nota} ${etiquetas}`, 'Prefiere la tarde comprador', 'the saved contact');
    await button('Cerrar los datos').click();
  });

  await step('what one user did not send is not shown to the next one, and is there again for its own', async () => {
    await api('/api/users', 'POST', { username: 'berta', password: OTHER_PASSWORD, role: 'agente' });
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await box().fill('secreto de admin');
    await attach('secreto.txt');
    await attachment('secreto.txt').waitFor();
    // The session expires.
    await page.context().clearCookies();
    await page.getByLabel('Usuario', { exact: true }).waitFor({ timeout: 30_000 });
    await signIn('berta', OTHER_PASSWORD);
    await openChat(ANA);
    assertEqual(await box().inputValue(), '', 'the text of another user');
    assertEqual(await page.locator('[data-attachment]').count(), 0, 'the files of another user');
    await page.context().clearCookies();
    await page.getByLabel('Usuario', { exact: true }).waitFor({ timeout: 30_000 });
    await signIn('admin', password);
    await openChat(ANA);
    assertEqual(await box().inputValue(), 'secreto de admin', 'the own text');
    await attachment('secreto.txt').waitFor();
    await button('Cerrar sesión').click();
    await signIn('admin', password);
    await openChat(ANA);
    assertEqual(await box().inputValue(), '', 'the text after signing out');
    assertEqual(await page.locator('[data-attachment]').count(), 0, 'the files after signing out');
  });

  await step('without a microphone, the page explains why', async () => {
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await button('Grabar un mensaje de voz').click();
    await waitForText('El navegador no dio permiso para el micrófono.');
    await audit('no microphone');
    await takeScreenshot('voice-refused');
    await page.evaluate(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
    await button('Grabar un mensaje de voz').click();
    await waitForText('El navegador presta el micrófono solo a páginas seguras');
  });

  await step('in English', async () => {
    await page.evaluate(() => localStorage.setItem('leadmaster-language', 'en'));
    await page.reload();
    await bubble('¿Dónde están?').waitFor();
    await page.getByLabel('Message', { exact: true }).pressSequentially('/');
    await page.getByRole('listbox', { name: 'Quick replies' }).waitFor();
    await inspect('english-list');
    await page.getByRole('link', { name: 'Manage quick replies' }).click();
    await page.getByRole('heading', { name: 'Quick replies', level: 1 }).waitFor();
    await inspect('english-screen');
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 300_000);
