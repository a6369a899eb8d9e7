// A day of a small office on the hub's page in Chromium, in es-AR, on a desk
// (1280×900) or on a phone (390×844): the phone is linked and tried, three people
// write and are answered, a list of 203 from a spreadsheet becomes a campaign,
// somebody opts out, messages are searched, an employee begins, the line is lost,
// and the hub.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… SIZE=desk|phone node office-day-flow.mjs
//
// The hub runs with DRY_RUN=false and AUTO_CAMPAIGNS_ENABLED=true; nothing is linked.
// With SCREENSHOTS=<folder> every screen is kept as a picture; with GUIDE_PICTURES
// set, the pictures of the user guide are made anew (docs/testing.md).
import { readFileSync } from 'node:fs';
import { guidePictures } from './lib/guide.mjs';
import { assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';
import { line } from './page-line.mjs';

const { HUB_URL, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS, SIZE = 'desk' } = process.env;
if (!HUB_URL || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… [SIZE=desk|phone] node office-day-flow.mjs');
  process.exit(2);
}
const onPhone = SIZE === 'phone';
const viewport = onPhone ? { width: 390, height: 844 } : { width: 1280, height: 900 };

// The browser goes by a line that can be cut.
const wire = await line(HUB_URL);
const hub = wire.url;
const standin = phone(`${PHONE_URL.replace(/\/$/, '')}/`);
const pictures = SCREENSHOTS && `${SCREENSHOTS}/day-${SIZE}`;
const visitor = visit({ hub, password, pictures, viewport });
const { api, button, dialog, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;
let guide = async () => {};

const LUIS = '5491177770001';
const ANA = '5491177770002';
const MARTA = '5491177770003';
const FIRST = '5491150000001';
const OF_MARCELA = 'la contraseña de marcela';

const main = () => page.getByRole('main');
const row = (number) => page.locator(`[data-chat="${number}"]`);
const bubble = (text) => page.locator('[data-message]').filter({ hasText: text });
const box = () => page.getByLabel('Respuesta', { exact: true });
const banner = (name) => page.locator(`[data-banner="${name}"]`);
const matter = (kind) => page.locator(`[data-matter="${kind}"]`);
const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
const head = (name) => page.getByRole('button', { name: new RegExp(`^${name.replace('.', '\\.')}`) });
const tab = (name) => page.getByRole('radiogroup', { name: 'Qué conversaciones se ven' }).getByText(name);

/** Through the menu, as a person goes; on a phone by the bar at the bottom. */
async function go(name, title = name) {
  const bar = page.getByRole('navigation', { name: 'Accesos' });
  if (onPhone && ['Inicio', 'Conversaciones', 'Campañas'].includes(name) && (await bar.count()) > 0) {
    await bar.getByRole('link', { name: new RegExp(`^${name}`) }).click();
  } else {
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await page.getByRole('navigation', { name: 'Secciones' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();
  }
  await page.getByRole('heading', { name: title, level: 1, includeHidden: true }).waitFor({ state: 'attached' });
}

/** What holds for every screen; `operator`: but for what an operator reads there. */
async function looks(where, operator = false) {
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  await noSidewaysScroll(where);
  const text = await main().evaluate((it) => {
    // What is folded under "Detalle técnico" is not in innerText.
    return it.innerText;
  });
  for (const technical of [/@(c\.us|lid)\b/, /\b(HEARD|READY|OPTED_OUT|DRY_RUN|AUTO_CAMPAIGNS)/, /\b(true|false)_\d/]) {
    assert(operator || !technical.test(text), `${where}: ${technical} is on the screen`);
  }
  assert(!/\d\d:\d\d:\d\d/.test(text), `${where}: seconds`);
  assert(operator || !/\d de [a-z]{3} de \d{4}|[A-Z]\w+\/[A-Z]\w+_\w+/.test(text), `${where}: a date as a machine writes it`);
  if (!onPhone) {
    // Header, banners and title together.
    const end = await page.locator('h1').evaluate((it) => it.getBoundingClientRect().bottom + window.scrollY);
    assert(end <= 120, `${where}: the title ends at ${end} px`);
    return;
  }
  const small = await page.evaluate(() => {
    const shown = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && it.getClientRects().length > 0;
    const all = [...document.querySelectorAll('[data-banner] button, [data-banner] a, main button, main input:not([type="checkbox"], [type="radio"], [type="file"]), main textarea, nav a, nav button, header button')];
    return all
      // Links within a sentence are as high as its line.
      .filter((it) => shown(it) && !it.closest('p, summary') && it.dataset.inline === undefined)
      .map((it) => ({ what: it.outerHTML.slice(0, 120), height: Math.round(it.getBoundingClientRect().height) }))
      .filter(({ height }) => height > 0 && height < 44);
  });
  assert(small.length === 0, `${where}: less than 44 px\n${small.map(({ what, height }) => `${height}: ${what}`).join('\n')}`);
}

/** As a person writes numbers, with eight lines that cannot be taken. */
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
  // The box of the chat before stays until the next one is drawn.
  const before = await box().elementHandle({ timeout: 300 }).catch(() => null);
  await row(number).click();
  await before?.waitForElementState('hidden');
  await box().waitFor();
  if (onPhone) {
    // The thread first, with its box in view.
    const bottom = await box().evaluate((it) => it.getBoundingClientRect().bottom);
    assert(bottom <= viewport.height, `the box ends at ${bottom}`);
  }
  await box().fill(text);
  await button('Enviar').click();
  await bubble(text).waitFor();
};

async function test() {
  page = await visitor.open();
  guide = guidePictures(page);

  await step('the first visit: what to do first', async () => {
    await page.goto(`${hub}/`);
    await enter('admin', password);
    await page.waitForURL(`${hub}/inicio`);
    await says('Todavía no vinculaste tu WhatsApp.');
    const steps = page.locator('[data-step]');
    await steps.first().waitFor();
    equal((await steps.allTextContents()).map((it) => it.trim()).join('|'),
      'Vinculá el teléfono|Mandate un mensaje de prueba|Armá tu primera campaña|Activá el envío real', 'the steps');
    equal(await page.locator('[data-step][data-done]').evaluateAll((all) => all.map((it) => it.dataset.step).join()), 'real', 'what is done');
    equal(await page.getByText('Todo al día').count(), 0, 'all is well, with no phone');
    await looks('/inicio, first');
    await picture('first');
  });

  await step('the phone is linked', async () => {
    await page.getByRole('link', { name: 'Vinculá el teléfono' }).click();
    await button('Conectar').click();
    await page.locator('[data-view="scan"] img').waitFor({ timeout: 60_000 });
    await looks('the code');
    await picture('code');
    await guide('link');
    await standin.call('scan', {});
    await page.locator('[data-view="ready"]').waitFor({ timeout: 60_000 });
  });

  await step('and tried, with its own number', async () => {
    await page.getByLabel('Número de destino').fill('11 5825-4201');
    await page.getByTestId('understood').getByText('Es +54 9 11 5825-4201 ✓').waitFor();
    await button('Probar con mi número').click();
    await button('Enviar prueba').click();
    await says('Entregado ✓✓');
    // One state, said once, and two buttons that say what each does.
    const shown = await main().evaluate((it) => {
      const hidden = it.querySelector('[data-testid="state"]')?.textContent ?? '';
      return it.innerText.replace(hidden, '');
    });
    equal(shown.match(/conectado/gi)?.length, 1, 'times that it is connected');
    for (const name of ['Pausar la conexión', 'Quitar este WhatsApp']) await button(name).waitFor();
    await looks('/whatsapp');
    await picture('tried');
  });

  await step('three people write, and that is said', async () => {
    await standin.leadMessage({ from: LUIS, name: 'Luis', body: '¿Sigue disponible el dúplex?' });
    await standin.leadMessage({ from: ANA, name: 'Ana Gómez', body: 'Busco un crédito hipotecario para el dúplex' });
    await standin.leadMessage({ from: MARTA, name: 'Marta', body: 'Hola, ¿puedo visitar mañana?' });
    await go('Inicio');
    await matter('waiting').getByText('3 personas esperan respuesta').waitFor();
    assert((await page.title()).startsWith('(3) '), 'the tab says so');
    await looks('/inicio');
    await picture('waiting');
    await go('Conversaciones');
    await tab('Sin responder (3)').waitFor();
    await row(MARTA).getByText('Marta').waitFor();
    await looks('/conversaciones');
    await picture('inbox');
  });

  await step('they are answered', async () => {
    await answer(LUIS, 'Hola Luis, sí. ¿Querés verlo?');
    await looks('a chat');
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await answer(ANA, 'Hola Ana, te paso los bancos.');
    await guide('answer');
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await answer(MARTA, 'Hola Marta, a las 10 te espero.');
    await eventually('nobody waits', async () => !(await page.title()).startsWith('('));
    await picture('answered');
  });

  await step('a new chat, with somebody who has not written', async () => {
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await button('Nueva conversación').click();
    await dialog().getByLabel('Número o nombre').fill('15 5825-4299');
    await dialog().getByText('Falta el código de área').first().waitFor();
    await dialog().getByLabel('Número o nombre').fill('11 5825-4299');
    await dialog().getByText('Se va a enviar a +54 9 11 5825-4299').waitFor();
    await inDialog('Abrir el chat').click();
    await page.waitForURL(`${hub}/conversaciones/5491158254299`);
    await says('No hay mensajes con este número.');
    await box().fill('Buen día, le escribo por la tasación.');
    await button('Enviar').click();
    await bubble('tasación').waitFor();
  });

  let campaign = '';
  await step('a list of 203 from a spreadsheet, with its mistakes corrected', async () => {
    await go('Campañas');
    await looks('/campanas');
    await page.getByRole('link', { name: 'Nueva campaña' }).first().click();
    await page.getByLabel('Nombre de la campaña').fill('Noviembre Palermo');
    equal(await page.getByLabel('Cliente', { exact: true }).count(), 0, 'a number that nobody knows');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Noviembre Palermo', level: 1 }).waitFor();
    campaign = new URL(page.url()).pathname;
    // A picture is no list, which is said before anything is read.
    await page.locator('input[type="file"]').setInputFiles({ name: 'foto.png', mimeType: 'image/png', buffer: Buffer.from('89504e47', 'hex') });
    await says('«foto.png» no es una planilla.');
    // Nor is one that has only its headings: that is no success.
    await page.locator('input[type="file"]').setInputFiles({ name: 'vacia.csv', mimeType: 'text/csv', buffer: Buffer.from('Celular;Nombre\r\n') });
    await dialog().getByText('La lista tiene títulos, pero ninguna persona debajo.').waitFor();
    assert(await inDialog('Agregar a 0 personas').isDisabled(), 'nobody can be added');
    await picture('list-nobody');
    await inDialog('Cancelar').click();
    await dialog().waitFor({ state: 'detached' });
    const file = { name: 'clientes.csv', mimeType: 'text/csv', buffer: spreadsheet() };
    await page.locator('input[type="file"]').setInputFiles(file);
    await dialog().getByText('201 personas · 1 repetida · 7 con problemas').waitFor();
    await picture('list-look');
    await inDialog('Agregar a 201 personas').click();
    await says('201 personas agregadas');
    await says('1 repetida y 7 con problemas.');
    await main().getByText('clientes.csv').waitFor();
    await button('Ver y corregir').click();
    const [saved] = await Promise.all([page.waitForEvent('download'), button('Bajar para corregir').click()]);
    equal(saved.suggestedFilename(), 'clientes-corregir.csv', 'the file');
    const lines = readFileSync(await saved.path(), 'utf8').split('\r\n');
    equal(lines.length, 1 + 7 + 1, 'the lines to correct');
    equal(lines[0], '\ufeffCelular;Nombre;Propiedad;Qué corregir', 'its columns');
    assert(lines[1].startsWith('15 5000-0300;Sin código 0;Dúplex;Falta el código de área'), lines[1]);
    // Two of them are known; the others stay out.
    const mended = [lines[0], ...lines.slice(1, 3).map((it) => it.replace(/^15/, '11'))].join('\r\n');
    await page.locator('input[type="file"]').setInputFiles({ name: 'clientes-corregir.csv', mimeType: 'text/csv', buffer: Buffer.from(mended) });
    await inDialog('Agregar a 2 personas').click();
    await says('2 personas agregadas');
    await looks('a list');
    await picture('list', { fullPage: true });
    await guide('list', page.getByTestId('step-list'));
    await button('Seguir con el mensaje').click();
    await page.getByTestId('summary-list').getByText('203 personas', { exact: true }).waitFor();
  });

  await step('the message, when it goes, and the review', async () => {
    const area = page.getByRole('textbox', { name: 'Mensaje', exact: true });
    await area.fill('Hola , ¿seguís buscando ? Si no querés más mensajes, respondé BAJA.');
    await area.evaluate((field) => field.setSelectionRange(5, 5));
    await button('Poner {nombre}').click();
    await eventually('the name', async () => (await area.inputValue()).startsWith('Hola {nombre},'));
    await area.evaluate((field) => field.setSelectionRange(32, 32));
    equal((await area.inputValue()).slice(0, 33), 'Hola {nombre}, ¿seguís buscando ?', 'so far');
    await button('Poner {propiedad}').click();
    await page.getByTestId('bubble').getByText('Hola Sofía Paz, ¿seguís buscando PH en Urquiza?').waitFor();
    equal(await page.getByText('qué_corregir').or(page.getByText('que_corregir')).count(), 0, 'the mistakes as a column');
    await looks('the message');
    await picture('message');
    await guide('message', page.getByTestId('step-message'));
    await button('Guardar y seguir').click();
    await page.getByTestId('when-form').waitFor();
    await page.getByTestId('ends').getByText(/^203 personas a 50 por día: 5 días, hasta /).waitFor();
    // The pauses are asked once, and folded away.
    equal(await page.getByLabel('Pausa mínima (s)').count(), 1, 'times that the pause is asked');
    assert(await page.getByLabel('Pausa mínima (s)').isHidden(), 'the pauses are in the way');
    await page.getByText('Avanzado: la pausa entre mensajes', { exact: true }).waitFor();
    await looks('when');
    await picture('when', { fullPage: true });
    // All day, so that it goes whatever the hour of this test.
    await button('Todos').click();
    await page.getByLabel('Desde las').fill('00:00');
    await page.getByLabel('Hasta las').fill('23:59');
    await button('Guardar y revisar').click();
    await page.getByTestId('review').waitFor();
    await page.getByTestId('review-sample').getByText('Hola Sofía Paz').waitFor();
    await looks('the review');
    await picture('review', { fullPage: true });
    await guide('review', page.getByTestId('step-review'));
    await button('Enviar a 203 personas').click();
    await inDialog('Enviar a 203 personas').click();
    await page.getByTestId('standing').getByText(/^Enviando · próximo .+ · termina /).waitFor();
    await eventually('the first has it', async () => (await standin.messages()).some(({ to }) => to === FIRST));
  });

  await step('somebody answers it, and is named; people are searched', async () => {
    await standin.leadMessage({ from: FIRST, body: 'Hola! sí, sigo buscando. ¿Tenés fotos?' });
    await page.getByTestId('replies').getByRole('link', { name: 'Sofía Paz' }).waitFor();
    await page.getByLabel('Buscar por nombre o número').fill('vecino 150');
    await eventually('one of 203', async () => (await page.getByTestId('recipients-card').locator('tbody tr').count()) === 1);
    await page.getByLabel('Buscar por nombre o número').fill('');
    await looks('the campaign');
    await picture('sending', { fullPage: true });
  });

  await step('who asks for it gets no more', async () => {
    await standin.leadMessage({ from: LUIS, body: 'No me escriban más' });
    await go('Bajas');
    await eventually('Luis is on the list', async () => {
      await page.reload();
      const luis = page.locator('tbody tr', { hasText: '+54 9 11 7777-0001' });
      return luis.waitFor({ timeout: 3_000 }).then(() => true, () => false);
    });
    await button('Agregar un número').click();
    await dialog().getByLabel('Número', { exact: true }).fill('11 5000-0150');
    await dialog().getByText('Es +54 9 11 5000-0150 ✓').waitFor();
    await inDialog('Agregar').click();
    const added = page.locator('tbody tr', { hasText: '+54 9 11 5000-0150' });
    await added.getByText('Vecino 150').waitFor();
    await added.getByText('La agregaste vos').waitFor();
    await page.locator('tbody tr', { hasText: '+54 9 11 7777-0001' }).getByText('Luis').waitFor();
    await looks('/bajas');
    await picture('opt-outs');
    await guide('opt-outs');
    await page.goto(`${hub}/conversaciones/${LUIS}`);
    await page.getByTestId('closed-box').getByText('Luis pidió la baja').waitFor();
  });

  await step('messages are found by words in any order, and in their place', async () => {
    if (onPhone) await page.getByRole('link', { name: 'Volver a las conversaciones' }).click();
    await page.getByLabel('Buscar', { exact: true }).fill('duplex hipotecario');
    await row(ANA).locator('mark', { hasText: 'hipotecario' }).waitFor();
    equal(await row(LUIS).count(), 0, 'who said one of the words only');
    await row(ANA).click();
    const found = bubble('Busco un crédito hipotecario');
    await eventually('the message is shown', () => found.evaluate((it) => it.dataset.lit !== undefined || it === document.activeElement));
    equal(new URL(page.url()).search, '', 'the address');
    await picture('found');
    await go('Mensajes');
    await page.getByLabel('Texto').fill('visitar manana');
    await button('Buscar').click();
    await eventually('the one', async () => (await page.locator('tbody tr').count()) === 1);
    await page.locator('tbody tr').getByText('Marta').waitFor();
    await looks('/mensajes');
    await picture('messages');
    await page.locator('tbody tr').click();
    await dialog().getByText('Recibido').first().waitFor();
    await dialog().getByRole('link', { name: 'Ver la conversación' }).click();
    await page.waitForURL(new RegExp(`/conversaciones/${MARTA}`));
    await eventually('it is shown', () => bubble('¿puedo visitar mañana?').evaluate((it) => it === document.activeElement || it.dataset.lit !== undefined));
  });

  await step('the day and the week at a glance', async () => {
    await go('Inicio');
    const week = main().getByRole('region', { name: 'Últimos 7 días' });
    await eventually('seven days', async () => (await week.locator('[data-day]').count()) === 7);
    // Sofía answered the campaign, and Luis what was answered to him, if only to
    // opt out; Ana and Marta wrote first, and not again.
    const answered = week.locator('div', { has: page.getByText('Respondieron', { exact: true }) }).locator('dd').last();
    await eventually('who answered', async () => (await answered.textContent()) === '2');
    await week.locator('[data-day]').last().getByText(/[1-9]\d* enviados, [1-9]\d* recibidos/).waitFor({ state: 'attached' });
    await looks('/inicio, later');
    await picture('start', { fullPage: true });
  });

  await step('the other screens', async () => {
    for (const [path, title] of [
      ['campanas/nueva', 'Nueva campaña'],
      ...(onPhone
        ? []
        : [
            ['programacion', 'Programación'],
            ['contactos', 'Contactos'],
            ['conversaciones/respuestas-rapidas', 'Respuestas rápidas'],
            ['ajustes', 'Ajustes'],
            ['integraciones', 'Integraciones'],
          ]),
    ]) {
      await page.goto(`${hub}/${path}`);
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
      // A calendar's heading has its year.
      await looks(`/${path}`, ['ajustes', 'integraciones', 'programacion'].includes(path));
      await picture(path.replaceAll('/', '-'));
    }
  });

  await step('an employee answers, and changes nothing else', async () => {
    await go('Usuarios');
    await looks('/usuarios');
    await button('Nuevo usuario').click();
    await dialog().getByLabel('Usuario', { exact: true }).fill('marcela');
    await dialog().getByLabel('Contraseña', { exact: true }).fill(OF_MARCELA);
    await inDialog('Crear el usuario').click();
    await dialog().waitFor({ state: 'detached' });
    await page.locator('tbody tr', { hasText: 'marcela' }).getByText('Atiende conversaciones').waitFor();
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await button('Cerrar sesión').click();
    await enter('marcela', OF_MARCELA);
    await page.goto(`${hub}/conversaciones`);
    await tab('Sin responder (1)').waitFor();
    await answer(FIRST, 'Hola Sofía, te mando las fotos.');
    const menu = page.getByRole('navigation', { name: 'Secciones', includeHidden: true }).getByRole('link', { includeHidden: true });
    // Once Sofía no longer waits, without a count.
    await eventually('the menu', async () => {
      equal((await menu.allTextContents()).join(), 'Inicio,Conversaciones,Respuestas rápidas,Mensajes,Bajas,Ajustes,Ayuda', 'the menu');
      return true;
    });
    await page.goto(`${hub}/ayuda`);
    await page.getByRole('heading', { name: 'Guía de uso', level: 1 }).waitFor();
    for (const one of await main().locator('img').all()) {
      await one.scrollIntoViewIfNeeded();
      await eventually('a picture', () => one.evaluate((it) => it.complete && it.naturalWidth > 0));
    }
    assert((await main().locator('img').count()) > 0, 'pictures of the guide');
    await page.evaluate(() => window.scrollTo(0, 0));
    await looks('/ayuda');
    await picture('help', { fullPage: true });
    if (onPhone) await page.getByRole('button', { name: 'Menú' }).click();
    await button('Cerrar sesión').click();
    await enter('admin', password);
  });

  await step('the phone is lost, and every screen says so', async () => {
    await page.goto(`${hub}/conversaciones/${ANA}`);
    await box().fill('Te espero a las');
    await standin.call('unlink', {});
    await banner('unlinked').getByText('WhatsApp está desvinculado: no entra ni sale nada.').waitFor();
    await banner('unlinked').getByRole('link', { name: 'Vincular' }).waitFor();
    await looks('a chat, unlinked');
    for (const name of ['Campañas', 'Inicio']) {
      await go(name);
      await banner('unlinked').waitFor();
      await looks(`${name}, unlinked`);
    }
    equal(await page.locator('[data-matter]').first().getAttribute('data-matter'), 'line', 'what waits first');
    await picture('unlinked');
    await guide('unlinked');
    if (!onPhone) equal((await page.getByTestId('line-state').textContent()).trim(), 'WhatsApp: sin vincular', 'the foot');
  });

  await step('the hub is lost: what was typed stays, and one line says it', async () => {
    await go('Conversaciones');
    await tab('Todas').click();
    await row(ANA).click();
    await eventually('the draft', async () => (await box().inputValue()) === 'Te espero a las');
    await wire.cut();
    await banner('hubAway').getByText('No hay conexión con el servidor').waitFor();
    equal(await page.getByText('No hay conexión con el servidor').count(), 1, 'times that it is said');
    await box().fill('Te espero a las 10');
    await picture('hub-away');
    await wire.mend();
    await banner('hubAway').waitFor({ state: 'detached' });
    equal(await box().inputValue(), 'Te espero a las 10', 'what was typed');
  });

  await step('no complaints', visitor.noComplaints);
}

await run(test, async () => {
  await visitor.close();
  await wire.cut();
}, 240_000);
