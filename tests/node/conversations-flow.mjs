// Tests the conversations on the hub's page in Chromium, on a linked pair that really sends to the
// stand-in: incoming messages appear without a reload, an answer is sent only once, and search
// finds the conversations.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node conversations-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: pictures } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node conversations-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const EVA_PASSWORD = 'la contraseña de eva';

const standin = phone(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = visit({ hub, password, pictures });
const { api, button, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;

const row = (number) => page.locator(`[data-chat="${number}"]`);
const bubbles = () => page.locator('[data-message]');
const bubble = (text) => bubbles().filter({ hasText: text });
const waiting = () => page.getByRole('navigation', { name: 'Secciones' }).getByTestId('waiting');
const waitForCount = (count) =>
  eventually(`${count} wait`, async () => {
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
    await enter('admin', password);
    await page.getByRole('heading', { name: 'Conversaciones', level: 1 }).waitFor();
    await says('Todavía no hay conversaciones');
    await says('Elegí un chat de la lista');
  });

  await step('incoming messages appear without a reload', async () => {
    const destinatario = ANA;
    await api('/api/sender/messages/send', 'POST', { destinatario, mensaje: 'Hola Ana, ¿renovás?', cliente_id: 51 });
    await row(ANA).getByText('Hola Ana, ¿renovás?').waitFor();
    await standin.leadMessage({ from: LEO, body: '¿Cuánto sale?' });
    await row(LEO).getByText('¿Cuánto sale?').waitFor();
    await standin.leadMessage({ from: ANA, body: 'Sí, ¿hasta cuándo?' });
    await row(ANA).getByText('Sí, ¿hasta cuándo?').waitFor();
    const order = await page.locator('[data-chat]').evaluateAll((all) => all.map((element) => element.dataset.chat));
    equal(order.join(), [ANA, LEO].join(), 'the newest first');
  });

  await step('waiting contacts are counted in the menu, the tab and the list', async () => {
    await waitForCount(2);
    const leo = row(LEO);
    assert(await leo.evaluate((it) => it.dataset.unread === 'true' && it.dataset.waits === 'true'), 'unread, and waits');
    const weight = await leo.getByText('+54 9 11 5825-4202').evaluate((it) => Number(getComputedStyle(it).fontWeight));
    assert(weight >= 700, `it weighs more: ${weight}`);
    await leo.getByText('1 sin leer').waitFor({ state: 'attached' });
    await picture('unread');
    // Chats with only bulk messages are not listed.
    await api('/api/sender/messages/bulk', 'POST', { mensajes: [{ destinatario: '12025550199', mensaje: 'aviso' }] });
    await tab('Sin responder (2)').click();
    await row(LEO).waitFor();
    // While a contact waits for an answer, the page opens on the unanswered chats.
    await page.reload();
    await row(LEO).waitFor();
    equal(await page.getByRole('radio', { name: 'Sin responder (2)' }).isChecked(), true, 'the first tab');
    equal(await row('12025550199').count(), 0, 'chats of those who were only written to');
    await tab('Todas').click();
    await row(LEO).waitFor();
    equal(await row('12025550199').count(), 0, 'in all of them, too');
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
    await eventually('it says what became of it', async () =>
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
    equal(await colour('leido'), 'rgb(11, 111, 184)', 'read, in the light');
    assert(delivered !== 'rgb(11, 111, 184)', 'delivered is not blue');
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually('read, in the dark', async () => (await colour('leido')) === 'rgb(124, 196, 248)');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('opening a chat focuses the answer box and keeps its draft', async () => {
    const focused = () => box().evaluate((element) => element === document.activeElement);
    await row(LEO).focus();
    await page.keyboard.press('ArrowUp');
    assert(await row('5491158254203').evaluate((element) => element === document.activeElement), '↑ goes up the list');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${hub}/conversaciones/${LEO}`);
    await eventually('the box has the focus', focused);
    await page.keyboard.type('Te cuento que');
    await row(ANA).click();
    await eventually('the box of the other is empty', async () => (await box().inputValue()) === '');
    await row(LEO).getByText('Borrador:').waitFor();
    await page.reload();
    await tab('Todas').click();
    await row(LEO).click();
    await eventually('the draft is there', async () => (await box().inputValue()) === 'Te cuento que');
    await box().fill('');
    await row(ANA).click();
  });

  await step('links, bold and italics are rendered', async () => {
    await standin.leadMessage({ from: ANA, body: '*Mirá* https://casa.example/1 _por favor_' });
    const message = bubble('casa.example');
    await message.locator('strong', { hasText: 'Mirá' }).waitFor();
    await message.locator('em', { hasText: 'por favor' }).waitFor();
    equal(await message.locator('a[target="_blank"]').getAttribute('href'), 'https://casa.example/1', 'the link');
  });

  await step('a double click sends one answer', async () => {
    await box().fill('Hasta el viernes.');
    await button('Enviar').dblclick();
    await bubble('Hasta el viernes.').waitFor();
    await eventually('the box is empty', async () => (await box().inputValue()) === '');
    await eventually('it has arrived', async () =>
      ['entregado', 'leido'].includes(await bubble('Hasta el viernes.').locator('[data-estado]').getAttribute('data-estado')));
    equal(await bubble('Hasta el viernes.').count(), 1, 'on the page');
    const { mensajes } = await api(`/api/listener/history/${ANA}`);
    const sent = mensajes.filter((message) => message.mensaje === 'Hasta el viernes.');
    equal(sent.length, 1, 'sent');
    equal(sent[0].cliente_id, 51, 'for the business that had written');
    await waitForCount(1);
    await box().press('Enter');
    await says('Escribí un mensaje.');
    await picture('conversation');
  });

  await step('an answer written offline is shown as waiting until it is sent', async () => {
    await standin.call('network', { up: false });
    await page.locator('[data-banner="offline"]').waitFor();
    await box().fill('¿Te sirve el viernes?');
    await button('Enviar').click();
    const waitsForLine = page.getByTestId('answer-outcome').getByText('Queda en espera');
    await waitsForLine.waitFor();
    await bubble('¿Te sirve el viernes?').locator('[data-estado="pendiente"]').waitFor();
    await picture('waits-for-line');
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
    const tints = (numbers) => Promise.all(numbers.map((it) => row(it).locator('[aria-hidden]').first().evaluate((element) => getComputedStyle(element).backgroundColor)));
    const [marta, leo] = await tints(['5491158254203', LEO]);
    assert(marta !== leo, `two people, one colour: ${marta}`);
    const edge = await row('5491158254203').boundingBox();
    await page.mouse.click(edge.x + edge.width - 4, edge.y + edge.height - 4);
    await page.waitForURL(`${hub}/conversaciones/5491158254203`);
    await bubble('¡Gracias otra vez!').waitFor();
    await button('No hace falta responder').click();
    await row(ANA).click();
    await bubble('Hasta el viernes.').waitFor();
    const background = (locator) => locator.evaluate((it) => getComputedStyle(it).backgroundColor);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await eventually(`the ${colorScheme} scheme`, () =>
        page.evaluate((it) => document.documentElement.dataset.mantineColorScheme === it, colorScheme));
      const mine = await background(bubble('Hasta el viernes.').and(page.locator('[data-direction="saliente"]')));
      const theirs = await background(bubble('Contestame, porfa').and(page.locator('[data-direction="entrante"]')));
      const behind = await background(page.locator('body'));
      equal(new Set([mine, theirs, behind]).size, 3, `${colorScheme}: the colours of ${mine}, ${theirs}, ${behind}`);
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
    equal(await box().count(), 0, 'boxes to write in');
    await picture('opted-out');
  });

  await step('opt a contact out from the chat, and undo it', async () => {
    await row(ANA).click();
    await button('Opciones del chat').click();
    await page.getByRole('menuitem', { name: 'Dar de baja' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Dar de baja', exact: true }).click();
    await page.getByTestId('closed-box').waitFor();
    equal((await api(`/api/sender/bajas/${ANA}`)).telefono, ANA, 'on the list');
    await picture('toast');
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
    await says('No se encontró nada');
    await search.fill('');
    await row(LEO).waitFor();
  });

  await step('older messages are loaded on demand', async () => {
    const mensajes = Array.from({ length: 60 }, (_, n) => ({ destinatario: '12025550134', mensaje: `aviso ${n}` }));
    await api('/api/sender/messages/bulk', 'POST', { mensajes });
    await page.goto(`${hub}/conversaciones/12025550134`);
    await bubble('aviso 59').waitFor();
    equal(await bubble('aviso 3').filter({ hasText: /aviso 3\D/ }).count(), 0, 'not all at once');
    // Dispatched, because a mouse click scrolls to the button, which also loads the messages.
    await button('Ver mensajes anteriores').dispatchEvent('click');
    await button('Ver mensajes anteriores').waitFor({ state: 'detached' });
    await page.getByRole('log').evaluate((it) => it.scrollTo(0, 0));
    // The rows come into the document a frame after the scroll.
    await eventually('the first of all', async () => (await bubbles().first().getByText(/^aviso \d+$/).textContent()) === 'aviso 0');
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
    equal(await page.evaluate(() => window.notified[0]), 'Marta Ruiz te escribió: Una consulta más', 'what it says');
    await page.goto(`${hub}/ajustes`);
    for (const name of ['Mostrar una notificación', 'Hacer un sonido']) {
      const it = page.getByRole('switch', { name });
      await it.waitFor();
      assert(await it.isChecked(), `${name}: on`);
      await it.press('Space');
      assert(!(await it.isChecked()), `${name}: off`);
    }
    await page.goto(`${hub}/conversaciones`);
    await row('5491158254203').waitFor();
    equal(await question.count(), 0, 'it asks again');
    await api('/api/listener/conversations/5491158254203/attended', 'POST');
  });

  await step('phone layout: the list, a chat, and back; dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${hub}/conversaciones`);
    await row(ANA).waitFor();
    await noSidewaysScroll('the list');
    await picture('phone-list');
    await row(ANA).click();
    await bubble('Contestame, porfa').waitFor();
    await noSidewaysScroll('the conversation');
    await picture('phone-conversation');
    await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await row(LEO).waitFor();
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a business user sees only its own conversations', async () => {
    await button('Cerrar sesión').click();
    await enter('eva', EVA_PASSWORD);
    await page.goto(`${hub}/conversaciones`);
    await says('Todavía no hay conversaciones');
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await says('No hay mensajes con este número.');
  });

  await step('no console errors', () => visitor.noComplaints());
}

await run(test, () => visitor.close(), 240_000);
