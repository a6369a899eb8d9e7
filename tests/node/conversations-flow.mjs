// Tests the conversations on the hub's page in Chromium, on a linked pair that really sends to the
// stand-in: incoming messages appear without a reload, an answer is sent only once, and search
// finds the conversations.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node conversations-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node conversations-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const EVA_PASSWORD = 'la contraseña de eva';

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, signIn, assertNoSidewaysScroll, takeScreenshot, audit, waitForText } = visitor;
let page = null;

const row = (number) => page.locator(`[data-chat="${number}"]`);
const bubbles = () => page.locator('[data-message]');
const bubble = (text) => bubbles().filter({ hasText: text });
const waiting = () => page.getByRole('navigation', { name: 'Secciones' }).getByTestId('waiting');
const waitForCount = (count) =>
  eventually(`${count} contacts wait`, async () => {
    const title = await page.title();
    if (count === 0) return (await waiting().count()) === 0 && !title.startsWith('(');
    const badge = (await waiting().count()) === 1 ? await waiting().locator('[aria-hidden]').textContent() : '';
    return badge === String(count) && title.startsWith(`(${count}) `);
  });
const tab = (name) => page.getByRole('radiogroup', { name: 'Qué conversaciones se ven' }).getByText(name);
const box = () => page.getByLabel('Respuesta', { exact: true });

async function test() {
  page = await visitor.open();
  const body = { username: 'eva', password: EVA_PASSWORD, role: 'cliente', cliente_id: 52 };
  await api('/api/users', 'POST', body);

  await step('no conversations yet', async () => {
    await page.goto(`${hub}/conversaciones`);
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Conversaciones', level: 1 }).waitFor();
    await waitForText('Todavía no hay conversaciones');
    await waitForText('Elegí un chat de la lista');
  });

  await step('incoming messages appear without a reload', async () => {
    const destinatario = ANA;
    await api('/api/sender/messages/send', 'POST', { destinatario, mensaje: 'Hola Ana, ¿renovás?', cliente_id: 51 });
    await row(ANA).getByText('Hola Ana, ¿renovás?').waitFor();
    await standin.leadMessage({ from: LEO, body: '¿Cuánto sale?' });
    await row(LEO).getByText('¿Cuánto sale?').waitFor();
    await standin.leadMessage({ from: ANA, body: 'Sí, ¿hasta cuándo?' });
    await row(ANA).getByText('Sí, ¿hasta cuándo?').waitFor();
    const order = await page.locator('[data-chat]').evaluateAll((elements) => elements.map((element) => element.dataset.chat));
    assertEqual(order.join(), [ANA, LEO].join(), 'the order of the chats');
  });

  await step('waiting contacts are counted in the menu, the tab and the list', async () => {
    await waitForCount(2);
    const leo = row(LEO);
    assert(await leo.evaluate((element) => element.dataset.unread === 'true' && element.dataset.waits === 'true'), 'the chat is not marked as unread and waiting');
    const weight = await leo.getByText('+54 9 11 5825-4202').evaluate((element) => Number(getComputedStyle(element).fontWeight));
    assert(weight >= 700, `the name of an unread chat is not bold: ${weight}`);
    await leo.getByText('1 sin leer').waitFor({ state: 'attached' });
    await takeScreenshot('unread');
    // Chats with only bulk messages are not listed.
    await api('/api/sender/messages/bulk', 'POST', { mensajes: [{ destinatario: '12025550199', mensaje: 'aviso' }] });
    await tab('Sin responder (2)').click();
    await row(LEO).waitFor();
    // While a contact waits for an answer, the page opens on the unanswered chats.
    await page.reload();
    await row(LEO).waitFor();
    assertEqual(await page.getByRole('radio', { name: 'Sin responder (2)' }).isChecked(), true, 'the tab of unanswered chats is selected');
    assertEqual(await row('12025550199').count(), 0, 'chats with only bulk messages, in the first tab');
    await tab('Todas').click();
    await row(LEO).waitFor();
    assertEqual(await row('12025550199').count(), 0, 'chats with only bulk messages, in all chats');
  });

  await step('mark a chat as needing no answer; an opened chat is read', async () => {
    await standin.leadMessage({ from: '5491158254203', body: '¡Gracias!' });
    await waitForCount(3);
    await row('5491158254203').click();
    await bubble('¡Gracias!').waitFor();
    await row('5491158254203').and(page.locator(':not([data-unread])')).waitFor();
    await waitForCount(3);
    await button('No hace falta responder').click();
    await waitForCount(2);
    await row('5491158254203').and(page.locator(':not([data-waits])')).waitFor();
  });

  await step('a conversation has its own address and shows the message state', async () => {
    await row(ANA).click();
    await page.waitForURL(`${hub}/conversaciones/${ANA}`);
    await bubble('Sí, ¿hasta cuándo?').waitFor();
    await eventually('the message shows its state', async () =>
      ['entregado', 'leido'].includes(await bubble('Hola Ana').locator('[data-estado]').getAttribute('data-estado')));
    await standin.leadMessage({ from: ANA, body: 'Contestame, porfa' });
    await bubble('Contestame, porfa').waitFor();
  });

  await step('the ticks of a read message are blue, in both themes', async () => {
    const ticks = (estado) => bubble('Hola Ana').locator(`[data-estado="${estado}"]`);
    const colour = (estado) => ticks(estado).evaluate((element) => getComputedStyle(element).color);
    const [sent] = await standin.messages();
    await ticks('entregado').waitFor();
    const delivered = await colour('entregado');
    await standin.call('acks', { id: sent.id, ack: 3 });
    await ticks('leido').waitFor();
    assertEqual(await colour('leido'), 'rgb(11, 111, 184)', 'the colour of read ticks in the light theme');
    assert(delivered !== 'rgb(11, 111, 184)', 'delivered ticks are blue as well');
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually('the colour of read ticks in the dark theme', async () => (await colour('leido')) === 'rgb(124, 196, 248)');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('opening a chat focuses the answer box and keeps its draft', async () => {
    const focused = () => box().evaluate((element) => element === document.activeElement);
    await row(LEO).focus();
    await page.keyboard.press('ArrowUp');
    assert(await row('5491158254203').evaluate((element) => element === document.activeElement), 'the chat above is not selected by ↑');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${hub}/conversaciones/${LEO}`);
    await eventually('the answer box has the focus', focused);
    await page.keyboard.type('Te cuento que');
    await row(ANA).click();
    await eventually('the answer box of the other chat is empty', async () => (await box().inputValue()) === '');
    await row(LEO).getByText('Borrador:').waitFor();
    await page.reload();
    await tab('Todas').click();
    await row(LEO).click();
    await eventually('the draft is restored', async () => (await box().inputValue()) === 'Te cuento que');
    await box().fill('');
    await row(ANA).click();
  });

  await step('links, bold and italics are rendered', async () => {
    await standin.leadMessage({ from: ANA, body: '*Mirá* https://casa.example/1 _por favor_' });
    const message = bubble('casa.example');
    await message.locator('strong', { hasText: 'Mirá' }).waitFor();
    await message.locator('em', { hasText: 'por favor' }).waitFor();
    assertEqual(await message.locator('a[target="_blank"]').getAttribute('href'), 'https://casa.example/1', 'the address of the link');
  });

  await step('a double click sends one answer', async () => {
    await box().fill('Hasta el viernes.');
    await button('Enviar').dblclick();
    await bubble('Hasta el viernes.').waitFor();
    await eventually('the answer box is empty', async () => (await box().inputValue()) === '');
    await eventually('the answer has arrived', async () =>
      ['entregado', 'leido'].includes(await bubble('Hasta el viernes.').locator('[data-estado]').getAttribute('data-estado')));
    assertEqual(await bubble('Hasta el viernes.').count(), 1, 'copies of the answer on the page');
    const { mensajes } = await api(`/api/listener/history/${ANA}`);
    const sent = mensajes.filter((message) => message.mensaje === 'Hasta el viernes.');
    assertEqual(sent.length, 1, 'copies of the answer at the phone');
    assertEqual(sent[0].cliente_id, 51, 'the business of the answer');
    await waitForCount(1);
    await box().press('Enter');
    await waitForText('Escribí un mensaje.');
    await takeScreenshot('conversation');
  });

  await step('an answer written offline is shown as waiting until it is sent', async () => {
    await standin.call('network', { up: false });
    await page.locator('[data-banner="offline"]').waitFor();
    await box().fill('¿Te sirve el viernes?');
    await button('Enviar').click();
    const waitsForLine = page.getByTestId('answer-outcome').getByText('Queda en espera');
    await waitsForLine.waitFor();
    await bubble('¿Te sirve el viernes?').locator('[data-estado="pendiente"]').waitFor();
    await takeScreenshot('waits-for-line');
    await standin.call('network', { up: true });
    await bubble('¿Te sirve el viernes?').locator('[data-estado="entregado"]').waitFor({ timeout: 60_000 });
    await waitsForLine.waitFor({ state: 'detached' });
  });

  await step('contacts and message directions have different colours in both themes', async () => {
    // The avatar shows two initials of a name, or the last digits of a number. A click anywhere on
    // the row opens the chat.
    await standin.leadMessage({ from: '5491158254203', name: 'Marta Ruiz', body: '¡Gracias otra vez!' });
    await row('5491158254203').getByText('MR', { exact: true }).waitFor();
    await row(LEO).getByText('02', { exact: true }).waitFor();
    const tints = (numbers) => Promise.all(numbers.map((number) => row(number).locator('[aria-hidden]').first().evaluate((element) => getComputedStyle(element).backgroundColor)));
    const [marta, leo] = await tints(['5491158254203', LEO]);
    assert(marta !== leo, `two people, one colour: ${marta}`);
    const edge = await row('5491158254203').boundingBox();
    await page.mouse.click(edge.x + edge.width - 4, edge.y + edge.height - 4);
    await page.waitForURL(`${hub}/conversaciones/5491158254203`);
    await bubble('¡Gracias otra vez!').waitFor();
    await button('No hace falta responder').click();
    await row(ANA).click();
    await bubble('Hasta el viernes.').waitFor();
    const background = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await eventually(`the ${colorScheme} scheme`, () =>
        page.evaluate((element) => document.documentElement.dataset.mantineColorScheme === element, colorScheme));
      const mine = await background(bubble('Hasta el viernes.').and(page.locator('[data-direction="saliente"]')));
      const theirs = await background(bubble('Contestame, porfa').and(page.locator('[data-direction="entrante"]')));
      const behind = await background(page.locator('body'));
      assertEqual(new Set([mine, theirs, behind]).size, 3, `${colorScheme}: the colours of ${mine}, ${theirs}, ${behind}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a contact who opted out cannot be written to', async () => {
    await standin.leadMessage({ from: LEO, body: 'BAJA' });
    await row(LEO).getByText('BAJA').waitFor();
    // A contact who opted out does not count as waiting.
    await waitForCount(0);
    await row(LEO).click();
    await bubble('BAJA').waitFor();
    await page.getByTestId('opted-out').waitFor();
    await page.getByTestId('closed-box').getByText('pidió la baja: no se le puede escribir.').waitFor();
    assertEqual(await box().count(), 0, 'answer boxes');
    await takeScreenshot('opted-out');
  });

  await step('opt a contact out from the chat, and undo it', async () => {
    await row(ANA).click();
    await button('Opciones del chat').click();
    await page.getByRole('menuitem', { name: 'Dar de baja' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Dar de baja', exact: true }).click();
    await page.getByTestId('closed-box').waitFor();
    assertEqual((await api(`/api/sender/bajas/${ANA}`)).telefono, ANA, 'the contact on the list of opt-outs');
    await takeScreenshot('toast');
    await button('Deshacer').click();
    await box().waitFor();
  });

  await step('search the list by number and by text, without accents', async () => {
    const search = page.getByLabel('Buscar', { exact: true });
    await search.fill('cuanto sale');
    await row(ANA).waitFor({ state: 'detached' });
    await row(LEO).getByText('¿Cuánto sale?').waitFor();
    await search.fill('5825-4201');
    await row(ANA).waitFor();
    await row(LEO).waitFor({ state: 'detached' });
    await search.fill('nadie');
    await waitForText('No se encontró nada');
    await search.fill('');
    await row(LEO).waitFor();
  });

  await step('older messages are loaded on demand', async () => {
    const mensajes = Array.from({ length: 60 }, (_, n) => ({ destinatario: '12025550134', mensaje: `aviso ${n}` }));
    await api('/api/sender/messages/bulk', 'POST', { mensajes });
    await page.goto(`${hub}/conversaciones/12025550134`);
    await bubble('aviso 59').waitFor();
    assertEqual(await bubble('aviso 3').filter({ hasText: /aviso 3\D/ }).count(), 0, 'messages before loading more');
    // Dispatched, because a mouse click scrolls to the button, which also loads the messages.
    await button('Ver mensajes anteriores').dispatchEvent('click');
    await button('Ver mensajes anteriores').waitFor({ state: 'detached' });
    await page.getByRole('log').evaluate((element) => element.scrollTo(0, 0));
    // The rows come into the document a frame after the scroll.
    await eventually('the oldest message is shown', async () => (await bubbles().first().getByText(/^aviso \d+$/).textContent()) === 'aviso 0');
  });

  await step('notifications work in another tab; the question is asked once', async () => {
    await page.context().grantPermissions(['notifications']);
    await page.goto(`${hub}/conversaciones`);
    // Counts the browser's notifications and sounds, and pretends that another tab is visible.
    await page.evaluate(() => {
      window.notified = [];
      window.sounds = 0;
      window.Notification = new Proxy(Notification, {
        construct(real, [title, options]) {
          window.notified.push(`${title}: ${options.body}`);
          return new real(title, options);
        },
      });
      window.AudioContext = new Proxy(AudioContext, {
        construct(real) {
          window.sounds += 1;
          return new real();
        },
      });
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
    });
    const question = page.getByRole('group', { name: '¿Te avisamos cuando alguien escriba?' });
    await question.getByRole('button', { name: 'Sí, avisame' }).click();
    await question.waitFor({ state: 'detached' });
    await standin.leadMessage({ from: '5491158254203', body: 'Una consulta más' });
    await eventually('a notification and a sound', () =>
      page.evaluate(() => window.notified.length === 1 && window.sounds === 1));
    assertEqual(await page.evaluate(() => window.notified[0]), 'Marta Ruiz te escribió: Una consulta más', 'the text of the notification');
    await page.goto(`${hub}/ajustes`);
    for (const name of ['Mostrar una notificación', 'Hacer un sonido']) {
      const element = page.getByRole('switch', { name });
      await element.waitFor();
      assert(await element.isChecked(), `${name} is off by default`);
      await element.press('Space');
      assert(!(await element.isChecked()), `${name} is still on`);
    }
    await page.goto(`${hub}/conversaciones`);
    await row('5491158254203').waitFor();
    assertEqual(await question.count(), 0, 'repeated questions');
    await api('/api/listener/conversations/5491158254203/attended', 'POST');
  });

  await step('phone layout: the list, a chat, and back; dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${hub}/conversaciones`);
    await row(ANA).waitFor();
    await assertNoSidewaysScroll('the list');
    await takeScreenshot('phone-list');
    await row(ANA).click();
    await bubble('Contestame, porfa').waitFor();
    await assertNoSidewaysScroll('the conversation');
    await takeScreenshot('phone-conversation');
    await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await row(LEO).waitFor();
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('the list goes on as it is scrolled, and keeps its place when somebody writes', async () => {
    const many = Array.from({ length: 140 }, (_, n) => `54911600${String(n).padStart(5, '0')}`);
    for (const from of many) await standin.leadMessage({ from, body: `Soy ${from}` });
    await page.goto(`${hub}/conversaciones`);
    await tab('Todas').click();
    await eventually('all have written', async () =>
      (await api('/api/listener/conversations?limite=1')).conversaciones[0].chat.startsWith(many.at(-1)));
    await row(many.at(-1)).waitFor();
    const oldest = row(ANA);
    assertEqual(await oldest.count(), 0, 'rows of the end of the list at its top');
    await row(many.at(-1)).focus();
    await eventually('End leads to the last conversation', async () => {
      await page.keyboard.press('End');
      return (await oldest.count()) > 0 && oldest.evaluate((element) => element === document.activeElement);
    });
    const rendered = await page.locator('[data-chat]').count();
    assert(rendered < 80, `${rendered} of the conversations are in the document`);
    await audit('a long list');
    await takeScreenshot('long-list');
    // Somebody far above writes: what is in sight stays.
    const before = (await oldest.boundingBox()).y;
    await standin.leadMessage({ from: many[100], body: 'Sigo interesado' });
    await eventually('the hub has the message', async () =>
      (await api('/api/listener/conversations?limite=1')).conversaciones[0].chat.startsWith(many[100]));
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowDown');
    assert(await oldest.evaluate((element) => element === document.activeElement), 'the focus has moved');
    assert(Math.abs((await oldest.boundingBox()).y - before) < 4, 'the list has jumped');
    const newest = row(many[100]);
    await eventually('Home leads to who wrote last', async () => {
      await page.keyboard.press('Home');
      return (await newest.count()) > 0 && newest.evaluate((element) => element === document.activeElement);
    });
    await newest.getByText('Sigo interesado').waitFor();
  });

  await step('a business user sees only its own conversations', async () => {
    await button('Cerrar sesión').click();
    await signIn('eva', EVA_PASSWORD);
    await page.goto(`${hub}/conversaciones`);
    await waitForText('Todavía no hay conversaciones');
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await waitForText('No hay mensajes con este número.');
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 240_000);
