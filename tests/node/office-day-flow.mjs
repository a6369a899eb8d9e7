// Tests a day of a small office on the hub's page in Chromium, in es-AR, on a desktop (1280×900)
// or on a phone (390×844): link the phone and send a test message; answer three contacts; create a
// campaign for 203 recipients of a spreadsheet; a contact opts out; search messages; add an
// employee; lose the WhatsApp link, and then the connection to the hub.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… SIZE=desk|phone node office-day-flow.mjs
//
// The hub runs with DRY_RUN=false and AUTO_CAMPAIGNS_ENABLED=true; no phone is linked.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved; with GUIDE_PICTURES set, the
// screenshots of the user guide are taken again (docs/testing.md).
import { readFileSync } from 'node:fs';
import { guidePictures } from './lib/guide-pictures.mjs';
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';
import { startProxy } from './lib/page-proxy.mjs';

const { HUB_URL, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS, SIZE = 'desk' } = process.env;
if (!HUB_URL || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… [SIZE=desk|phone] node office-day-flow.mjs');
  process.exit(2);
}
const onPhone = SIZE === 'phone';
const viewport = onPhone ? { width: 390, height: 844 } : { width: 1280, height: 900 };

// The browser connects through a proxy, whose connections the test can cut.
const proxy = await startProxy(HUB_URL);
const hub = proxy.url;
const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const screenshotFolder = SCREENSHOTS && `${SCREENSHOTS}/day-${SIZE}`;
const visitor = createVisitor({ hub, password, screenshotFolder, viewport });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;
let guide = async () => {};

const LUIS = '5491177770001';
const ANA = '5491177770002';
const MARTA = '5491177770003';
const SOFIA = '5491150000001';
const MARCELA_PASSWORD = 'la contraseña de marcela';

const main = () => page.getByRole('main');
const row = (number) => page.locator(`[data-chat="${number}"]`);
const bubble = (text) => page.locator('[data-message]').filter({ hasText: text });
const box = () => page.getByLabel('Respuesta', { exact: true });
const banner = (name) => page.locator(`[data-banner="${name}"]`);
const matter = (kind) => page.locator(`[data-matter="${kind}"]`);
const dialogButton = (name) => dialog().getByRole('button', { name, exact: true });
const stepHeader = (name) => page.getByRole('button', { name: new RegExp(`^${name.replace('.', '\\.')}`) });
const tab = (name) => page.getByRole('radiogroup', { name: 'Qué conversaciones se ven' }).getByText(name);

/** Opens a screen through the menu; on a phone through the bottom bar, if the screen is in it. */
async function openScreen(name, title = name) {
  const bar = page.getByRole('navigation', { name: 'Accesos' });
  if (onPhone && ['Inicio', 'Conversaciones', 'Campañas'].includes(name) && (await bar.count()) > 0) {
    await bar.getByRole('link', { name: new RegExp(`^${name}`) }).click();
  } else {
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await page.getByRole('navigation', { name: 'Secciones' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();
  }
  await page.getByRole('heading', { name: title, level: 1, includeHidden: true }).waitFor({ state: 'attached' });
}

/**
 * Checks what holds for every screen: layout, size of the buttons, and no technical terms, which
 * only the screens of an `operator` may show.
 */
async function checkScreen(where, operator = false) {
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  await assertNoSidewaysScroll(where);
  const text = await main().evaluate((element) => {
    // innerText leaves out what is collapsed under "Detalle técnico".
    return element.innerText;
  });
  for (const technical of [/@(c\.us|lid)\b/, /\b(HEARD|READY|OPTED_OUT|DRY_RUN|AUTO_CAMPAIGNS)/, /\b(true|false)_\d/]) {
    assert(operator || !technical.test(text), `${where}: ${technical} is on the screen`);
  }
  assert(!/\d\d:\d\d:\d\d/.test(text), `${where}: seconds`);
  assert(operator || !/\d de [a-z]{3} de \d{4}|[A-Z]\w+\/[A-Z]\w+_\w+/.test(text), `${where}: a date as a machine writes it`);
  if (!onPhone) {
    // The header, the banners and the title together take at most 120 px.
    const end = await page.locator('h1').evaluate((element) => element.getBoundingClientRect().bottom + window.scrollY);
    assert(end <= 120, `${where}: the title ends at ${end} px`);
    return;
  }
  const small = await page.evaluate(() => {
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0;
    const all = [...document.querySelectorAll('[data-banner] button, [data-banner] a, main button, main input:not([type="checkbox"], [type="radio"], [type="file"]), main textarea, nav a, nav button, header button')];
    return all
      // Links within a sentence are only as high as the line.
      .filter((element) => isShown(element) && !element.closest('p, summary') && element.dataset.inline === undefined)
      // The border around a password belongs to its field.
      .map((element) => element.closest('.mantine-PasswordInput-input') ?? element)
      .map((element) => ({ what: element.outerHTML.slice(0, 120), height: Math.round(element.getBoundingClientRect().height) }))
      .filter(({ height }) => height > 0 && height < 44);
  });
  assert(small.length === 0, `${where}: less than 44 px\n${small.map(({ what, height }) => `${height}: ${what}`).join('\n')}`);
}

/** Returns a list with numbers in local format and eight lines that cannot be imported. */
function spreadsheet() {
  let text = 'Celular;Nombre;Propiedad\r\n';
  for (let n = 1; n <= 201; n += 1) {
    text += `11 5000-${String(n).padStart(4, '0')};${n === 1 ? 'Sofía Paz' : `Vecino ${n}`};PH en Urquiza\r\n`;
  }
  for (let n = 0; n < 5; n += 1) text += `15 5000-030${n};Sin código ${n};Dúplex\r\n`;
  text += '5,49E+12;Redonda;Casa\r\nno tiene;Nadie;Casa\r\n11 5000-0001;Otra vez;PH\r\n';
  return Buffer.from(text, 'latin1');
}

const answer = async (number, text) => {
  // The answer box of the previous chat stays until the next chat is drawn.
  const before = await box().elementHandle({ timeout: 300 }).catch(() => null);
  await row(number).click();
  await before?.waitForElementState('hidden');
  await box().waitFor();
  if (onPhone) {
    // The chat fills the screen, and its answer box is in view.
    const bottom = await box().evaluate((element) => element.getBoundingClientRect().bottom);
    assert(bottom <= viewport.height, `the box ends at ${bottom}`);
  }
  await box().fill(text);
  await button('Enviar').click();
  await bubble(text).waitFor();
};

async function test() {
  page = await visitor.open();
  guide = guidePictures(page);

  await step('the first visit shows what to do first', async () => {
    await page.goto(`${hub}/`);
    await signIn('admin', password);
    await page.waitForURL(`${hub}/inicio`);
    await waitForText('Todavía no vinculaste tu WhatsApp.');
    const steps = page.locator('[data-step]');
    await steps.first().waitFor();
    assertEqual((await steps.allTextContents()).map((text) => text.trim()).join('|'),
      'Vinculá el teléfono|Mandate un mensaje de prueba|Armá tu primera campaña|Activá el envío real', 'the steps');
    assertEqual(await page.locator('[data-step][data-done]').evaluateAll((elements) => elements.map((element) => element.dataset.step).join()), 'real', 'the completed steps');
    assertEqual(await page.getByText('Todo al día').count(), 0, 'notices that all is well');
    await checkScreen('/inicio, first');
    await takeScreenshot('first');
  });

  await step('link the phone', async () => {
    await page.getByRole('link', { name: 'Vinculá el teléfono' }).click();
    await button('Conectar').click();
    await page.locator('[data-view="scan"] img').waitFor({ timeout: 60_000 });
    await checkScreen('the code');
    await takeScreenshot('code');
    await guide('link');
    await standin.call('scan', {});
    await page.locator('[data-view="ready"]').waitFor({ timeout: 60_000 });
  });

  await step('send a test message to the own number', async () => {
    await page.getByLabel('Número de destino').fill('11 5825-4201');
    await page.getByTestId('understood').getByText('Es +54 9 11 5825-4201 ✓').waitFor();
    await button('Probar con mi número').click();
    await button('Enviar prueba').click();
    await waitForText('Entregado ✓✓');
    // The state is shown once, with two clearly named buttons.
    const visibleText = await main().evaluate((element) => {
      const hidden = element.querySelector('[data-testid="state"]')?.textContent ?? '';
      return element.innerText.replace(hidden, '');
    });
    assertEqual(visibleText.match(/conectado/gi)?.length, 1, 'mentions of the connection');
    for (const name of ['Pausar la conexión', 'Quitar este WhatsApp']) await button(name).waitFor();
    await checkScreen('/whatsapp');
    await takeScreenshot('tried');
  });

  await step('three contacts write and are shown as waiting', async () => {
    await standin.leadMessage({ from: LUIS, name: 'Luis', body: '¿Sigue disponible el dúplex?' });
    await standin.leadMessage({ from: ANA, name: 'Ana Gómez', body: 'Busco un crédito hipotecario para el dúplex' });
    await standin.leadMessage({ from: MARTA, name: 'Marta', body: 'Hola, ¿puedo visitar mañana?' });
    await openScreen('Inicio');
    await matter('waiting').getByText('3 personas esperan respuesta').waitFor();
    assert((await page.title()).startsWith('(3) '), 'the title of the tab has no count');
    await checkScreen('/inicio');
    await takeScreenshot('waiting');
    await openScreen('Conversaciones');
    await tab('Sin responder (3)').waitFor();
    await row(MARTA).getByText('Marta').waitFor();
    await checkScreen('/conversaciones');
    await takeScreenshot('inbox');
  });

  await step('answer the three contacts', async () => {
    await answer(LUIS, 'Hola Luis, sí. ¿Querés verlo?');
    await checkScreen('a chat');
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await answer(ANA, 'Hola Ana, te paso los bancos.');
    await guide('answer');
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await answer(MARTA, 'Hola Marta, a las 10 te espero.');
    await eventually('no contact waits', async () => !(await page.title()).startsWith('('));
    await takeScreenshot('answered');
  });

  await step('start a chat with a new contact', async () => {
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await button('Nueva conversación').click();
    await dialog().getByLabel('Número o nombre').fill('15 5825-4299');
    await dialog().getByText('Falta el código de área').first().waitFor();
    await dialog().getByLabel('Número o nombre').fill('11 5825-4299');
    await dialog().getByText('Se va a enviar a +54 9 11 5825-4299').waitFor();
    await dialogButton('Abrir el chat').click();
    await page.waitForURL(`${hub}/conversaciones/5491158254299`);
    await waitForText('No hay mensajes con este número.');
    await box().fill('Buen día, le escribo por la tasación.');
    await button('Enviar').click();
    await bubble('tasación').waitFor();
  });

  let campaign = '';
  await step('import 203 recipients from a spreadsheet and correct its errors', async () => {
    await openScreen('Campañas');
    await checkScreen('/campanas');
    await page.getByRole('link', { name: 'Nueva campaña' }).first().click();
    await page.getByLabel('Nombre de la campaña').fill('Noviembre Palermo');
    assertEqual(await page.getByLabel('Cliente', { exact: true }).count(), 0, 'fields for the client number');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Noviembre Palermo', level: 1 }).waitFor();
    campaign = new URL(page.url()).pathname;
    // An image is not a list: the page rejects it before reading it.
    await page.locator('input[type="file"]').setInputFiles({ name: 'foto.png', mimeType: 'image/png', buffer: Buffer.from('89504e47', 'hex') });
    await waitForText('«foto.png» no es una planilla.');
    // A list with headings only has nobody to add.
    await page.locator('input[type="file"]').setInputFiles({ name: 'vacia.csv', mimeType: 'text/csv', buffer: Buffer.from('Celular;Nombre\r\n') });
    await dialog().getByText('La lista tiene títulos, pero ninguna persona debajo.').waitFor();
    assert(await dialogButton('Agregar a 0 personas').isDisabled(), 'the button for 0 recipients is enabled');
    await takeScreenshot('list-nobody');
    await dialogButton('Cancelar').click();
    await dialog().waitFor({ state: 'detached' });
    const file = { name: 'clientes.csv', mimeType: 'text/csv', buffer: spreadsheet() };
    await page.locator('input[type="file"]').setInputFiles(file);
    await dialog().getByText('201 personas · 1 repetida · 7 con problemas').waitFor();
    await takeScreenshot('list-look');
    await dialogButton('Agregar a 201 personas').click();
    await waitForText('201 personas agregadas');
    await waitForText('1 repetida y 7 con problemas.');
    await main().getByText('clientes.csv').waitFor();
    await button('Ver y corregir').click();
    const [download] = await Promise.all([page.waitForEvent('download'), button('Bajar para corregir').click()]);
    assertEqual(download.suggestedFilename(), 'clientes-corregir.csv', 'the name of the file');
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n');
    assertEqual(lines.length, 1 + 7 + 1, 'the lines to correct');
    assertEqual(lines[0], '\ufeffCelular;Nombre;Propiedad;Qué corregir', 'the columns of the file');
    assert(lines[1].startsWith('15 5000-0300;Sin código 0;Dúplex;Falta el código de área'), lines[1]);
    // Two of the numbers are corrected; the others stay out.
    const corrected = [lines[0], ...lines.slice(1, 3).map((line) => line.replace(/^15/, '11'))].join('\r\n');
    await page.locator('input[type="file"]').setInputFiles({ name: 'clientes-corregir.csv', mimeType: 'text/csv', buffer: Buffer.from(corrected) });
    await dialogButton('Agregar a 2 personas').click();
    await waitForText('2 personas agregadas');
    await checkScreen('a list');
    await takeScreenshot('list', { fullPage: true });
    await guide('list', page.getByTestId('step-list'));
    await button('Seguir con el mensaje').click();
    await page.getByTestId('summary-list').getByText('203 personas', { exact: true }).waitFor();
  });

  await step('write the message, set the schedule and approve', async () => {
    const area = page.getByRole('textbox', { name: 'Mensaje', exact: true });
    await area.fill('Hola , ¿seguís buscando ? Si no querés más mensajes, respondé BAJA.');
    await area.evaluate((field) => field.setSelectionRange(5, 5));
    await button('Poner {nombre}').click();
    await eventually('the name placeholder is inserted', async () => (await area.inputValue()).startsWith('Hola {nombre},'));
    await area.evaluate((field) => field.setSelectionRange(32, 32));
    assertEqual((await area.inputValue()).slice(0, 33), 'Hola {nombre}, ¿seguís buscando ?', 'the first part of the message');
    await button('Poner {propiedad}').click();
    await page.getByTestId('bubble').getByText('Hola Sofía Paz, ¿seguís buscando PH en Urquiza?').waitFor();
    assertEqual(await page.getByText('qué_corregir').or(page.getByText('que_corregir')).count(), 0, 'placeholders for the column of mistakes');
    await checkScreen('the message');
    await takeScreenshot('message');
    await guide('message', page.getByTestId('step-message'));
    await button('Guardar y seguir').click();
    await page.getByTestId('when-form').waitFor();
    await page.getByTestId('ends').getByText(/^203 personas a 50 por día: 5 días, hasta /).waitFor();
    // The pauses are asked for once, in a collapsed section.
    assertEqual(await page.getByLabel('Pausa mínima (s)').count(), 1, 'fields for the pause');
    assert(await page.getByLabel('Pausa mínima (s)').isHidden(), 'the pauses are visible');
    await page.getByText('Avanzado: la pausa entre mensajes', { exact: true }).waitFor();
    await checkScreen('when');
    await takeScreenshot('when', { fullPage: true });
    // All day, so that the campaign sends at whatever hour the test runs.
    await button('Todos').click();
    await page.getByLabel('Desde las').fill('00:00');
    await page.getByLabel('Hasta las').fill('23:59');
    await button('Guardar y revisar').click();
    await page.getByTestId('review').waitFor();
    await page.getByTestId('review-sample').getByText('Hola Sofía Paz').waitFor();
    await checkScreen('the review');
    await takeScreenshot('review', { fullPage: true });
    await guide('review', page.getByTestId('step-review'));
    await button('Enviar a 203 personas').click();
    await dialogButton('Enviar a 203 personas').click();
    await page.getByTestId('standing').getByText(/^Enviando · próximo .+ · termina /).waitFor();
    await eventually('the first recipient has the message', async () => (await standin.messages()).some(({ to }) => to === SOFIA));
  });

  await step('the campaign shows who answered; search its recipients', async () => {
    await standin.leadMessage({ from: SOFIA, body: 'Hola! sí, sigo buscando. ¿Tenés fotos?' });
    await page.getByTestId('replies').getByRole('link', { name: 'Sofía Paz' }).waitFor();
    await page.getByLabel('Buscar por nombre o número').fill('vecino 150');
    await eventually('one recipient of 203', async () => (await page.getByTestId('recipients-card').locator('tbody tr').count()) === 1);
    await page.getByLabel('Buscar por nombre o número').fill('');
    await checkScreen('the campaign');
    await takeScreenshot('sending', { fullPage: true });
  });

  await step('a contact opts out; add another by hand', async () => {
    await standin.leadMessage({ from: LUIS, body: 'No me escriban más' });
    await openScreen('Bajas');
    await eventually('Luis is on the list', async () => {
      await page.reload();
      const luis = page.locator('tbody tr', { hasText: '+54 9 11 7777-0001' });
      return luis.waitFor({ timeout: 3_000 }).then(() => true, () => false);
    });
    await button('Agregar un número').click();
    await dialog().getByLabel('Número', { exact: true }).fill('11 5000-0150');
    await dialog().getByText('Es +54 9 11 5000-0150 ✓').waitFor();
    await dialogButton('Agregar').click();
    const added = page.locator('tbody tr', { hasText: '+54 9 11 5000-0150' });
    await added.getByText('Vecino 150').waitFor();
    await added.getByText('La agregaste vos').waitFor();
    await page.locator('tbody tr', { hasText: '+54 9 11 7777-0001' }).getByText('Luis').waitFor();
    await checkScreen('/bajas');
    await takeScreenshot('opt-outs');
    await guide('opt-outs');
    await page.goto(`${hub}/conversaciones/${LUIS}`);
    await page.getByTestId('closed-box').getByText('Luis pidió la baja').waitFor();
  });

  await step('search messages by words in any order; open a result in its chat', async () => {
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await page.getByLabel('Buscar', { exact: true }).fill('duplex hipotecario');
    await row(ANA).locator('mark', { hasText: 'hipotecario' }).waitFor();
    assertEqual(await row(LUIS).count(), 0, 'messages with only one of the words');
    await row(ANA).click();
    const result = bubble('Busco un crédito hipotecario');
    await eventually('the message is shown', () => result.evaluate((element) => element.dataset.lit !== undefined || element === document.activeElement));
    assertEqual(new URL(page.url()).search, '', 'the query of the address');
    await takeScreenshot('found');
    await openScreen('Mensajes');
    await page.getByLabel('Texto').fill('visitar manana');
    await button('Buscar').click();
    await eventually('the one matching message', async () => (await page.locator('tbody tr').count()) === 1);
    await page.locator('tbody tr').getByText('Marta').waitFor();
    await checkScreen('/mensajes');
    await takeScreenshot('messages');
    await page.locator('tbody tr').click();
    await dialog().getByText('Recibido').first().waitFor();
    await dialog().getByRole('link', { name: 'Ver la conversación' }).click();
    await page.waitForURL(new RegExp(`/conversaciones/${MARTA}`));
    await eventually('the message is shown', () => bubble('¿puedo visitar mañana?').evaluate((element) => element === document.activeElement || element.dataset.lit !== undefined));
  });

  await step('the start screen shows the last seven days', async () => {
    await openScreen('Inicio');
    const week = main().getByRole('region', { name: 'Últimos 7 días' });
    await eventually('seven days', async () => (await week.locator('[data-day]').count()) === 7);
    // Two contacts answered: Sofía the campaign, and Luis our answer (to opt out). Ana and Marta
    // wrote first, and not again.
    const answered = week.locator('div', { has: page.getByText('Respondieron', { exact: true }) }).locator('dd').last();
    await eventually('the two contacts who answered', async () => (await answered.textContent()) === '2');
    await week.locator('[data-day]').last().getByText(/[1-9]\d* enviados, [1-9]\d* recibidos/).waitFor({ state: 'attached' });
    await checkScreen('/inicio, later');
    await takeScreenshot('start', { fullPage: true });
  });

  await step('check the other screens', async () => {
    for (const [path, title] of [
      ['campanas/nueva', 'Nueva campaña'],
      ['programacion', 'Programación'],
      ['contactos', 'Contactos'],
      ['conversaciones/respuestas-rapidas', 'Respuestas rápidas'],
      ['ajustes', 'Ajustes'],
      ['integraciones', 'Integraciones'],
    ]) {
      await page.goto(`${hub}/${path}`);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
      // The calendar's heading contains the year.
      await checkScreen(`/${path}`, ['ajustes', 'integraciones', 'programacion'].includes(path));
      await takeScreenshot(path.replaceAll('/', '-'));
    }
  });

  await step('an employee answers, but has no other screens', async () => {
    await openScreen('Usuarios');
    await checkScreen('/usuarios');
    await button('Nuevo usuario').click();
    await dialog().getByLabel('Usuario', { exact: true }).fill('marcela');
    await dialog().getByLabel('Contraseña', { exact: true }).fill(MARCELA_PASSWORD);
    await dialogButton('Crear el usuario').click();
    await dialog().waitFor({ state: 'detached' });
    await page.locator('tbody tr', { hasText: 'marcela' }).getByText('Atiende conversaciones').waitFor();
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await button('Cerrar sesión').click();
    await signIn('marcela', MARCELA_PASSWORD);
    await page.goto(`${hub}/conversaciones`);
    await tab('Sin responder (1)').waitFor();
    await answer(SOFIA, 'Hola Sofía, te mando las fotos.');
    if (onPhone) await button('Menú').click();
    const menu = page.getByRole('navigation', { name: 'Secciones' }).getByRole('link');
    // The count disappears when Sofía no longer waits for an answer.
    await eventually('the menu of the employee', async () => {
      assertEqual((await menu.allTextContents()).join(), 'Inicio,Conversaciones,Respuestas rápidas,Mensajes,Bajas,Ajustes,Ayuda', 'the menu of the employee');
      return true;
    });
    await page.goto(`${hub}/ayuda`);
    await page.getByRole('heading', { name: 'Guía de uso', level: 1 }).waitFor();
    for (const image of await main().locator('img').all()) {
      await image.scrollIntoViewIfNeeded();
      await eventually('a loaded picture', () => image.evaluate((element) => element.complete && element.naturalWidth > 0));
    }
    assert((await main().locator('img').count()) > 0, 'the guide has no pictures');
    await page.evaluate(() => window.scrollTo(0, 0));
    await checkScreen('/ayuda');
    await takeScreenshot('help', { fullPage: true });
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await button('Cerrar sesión').click();
    await signIn('admin', password);
  });

  await step('the phone is unlinked; every screen shows a banner', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await box().fill('Te espero a las');
    await standin.call('unlink', {});
    await banner('unlinked').getByText('WhatsApp está desvinculado: no entra ni sale nada.').waitFor();
    await banner('unlinked').getByRole('link', { name: 'Vincular' }).waitFor();
    await checkScreen('a chat, unlinked');
    for (const name of ['Campañas', 'Inicio']) {
      await openScreen(name);
      await banner('unlinked').waitFor();
      await checkScreen(`${name}, unlinked`);
    }
    assertEqual(await page.locator('[data-matter]').first().getAttribute('data-matter'), 'line', 'the first pending matter');
    await takeScreenshot('unlinked');
    await guide('unlinked');
    if (!onPhone) assertEqual((await page.getByTestId('line-state').textContent()).trim(), 'WhatsApp: sin vincular', 'the connection state in the footer');
  });

  await step('the hub is unreachable; the draft stays and one banner is shown', async () => {
    await openScreen('Conversaciones');
    await tab('Todas').click();
    await row(ANA).click();
    await eventually('the draft is saved', async () => (await box().inputValue()) === 'Te espero a las');
    await proxy.cut();
    await banner('hubAway').getByText('No hay conexión con el servidor').waitFor();
    assertEqual(await page.getByText('No hay conexión con el servidor').count(), 1, 'banners about the lost connection');
    await box().fill('Te espero a las 10');
    await takeScreenshot('hub-away');
    await proxy.restore();
    await banner('hubAway').waitFor({ state: 'detached' });
    assertEqual(await box().inputValue(), 'Te espero a las 10', 'the draft after the outage');
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, async () => {
  await visitor.close();
  await proxy.cut();
}, 240_000);
