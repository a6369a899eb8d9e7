// Tests a campaign on the hub's page in Chromium: create it, upload and check its list, approve a
// dry run and watch it finish. Also tests input errors, a phone screen, and the limits of a
// business user.
//
//   HUB_URL=… ADMIN_PASSWORD=… PEOPLE=1000 node campaign-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, SCREENSHOTS: screenshotFolder, PEOPLE } = process.env;
const people = Number(PEOPLE ?? 1000);
if (!hub || !password) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… [PEOPLE=1000] node campaign-flow.mjs');
  process.exit(2);
}

const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;
let path = '';

const clickInDialog = (name) => dialog().getByRole('button', { name, exact: true }).click();
const figure = (name) => page.locator(`[data-figure="${name}"]`).textContent();
/** The step's header button, which opens the step. */
const stepHeader = (name) => page.getByRole('button', { name: new RegExp(`^${name.replace('.', '\\.')}`) });
const state = () => page.getByTestId('campaign-state').first().textContent();

/** Returns a list as Excel saves it in Argentina: separated by `;`, in Windows-1252. */
function excelFile() {
  let text = 'Teléfono;Nombre;Razón social;Zona\r\n';
  for (let n = 1; n <= people; n += 1) {
    text += `54911${String(n).padStart(8, '0')};Ñata ${n};"Hijos; ${n}";${n === 1 ? 'Sur' : ''}\r\n`;
  }
  text += '5491100000001;Otra vez;"Hijos; 1";\r\n';
  text += '5,49E+12;Redondo;Nadie;\r\n';
  text += 'sin teléfono;Nada;Nadie;\r\n';
  return Buffer.from(text, 'latin1');
}

async function test() {
  page = await visitor.open();
  await api('/api/users', 'POST', {
    username: 'ana',
    password: 'la contraseña de ana',
    role: 'cliente',
    cliente_id: 51,
  });

  await step('no campaigns yet', async () => {
    await page.goto(`${hub}/campanas`);
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Campañas', level: 1 }).waitFor();
    await waitForText('Todavía no hay campañas');
    await takeScreenshot('campaigns-empty');
  });

  await step('create a campaign for a business', async () => {
    await page.getByRole('link', { name: 'Nueva campaña' }).first().click();
    await button('Empezar').click();
    await waitForText('Escribí un nombre.');
    await page.getByLabel('Nombre de la campaña').fill('Marzo');
    await page.getByLabel('Cliente', { exact: true }).fill('51');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Marzo', level: 1 }).waitFor();
    path = new URL(page.url()).pathname;
    assertEqual(await state(), 'Por aprobar', 'the campaign’s state');
    await takeScreenshot('campaign-steps');
    // The last step lists what is missing, and the campaign cannot be approved.
    await stepHeader('4. Revisar y enviar').click();
    assertEqual(await page.getByTestId('missing').innerText(), 'La lista (paso 1)\nEl mensaje (paso 2)', 'what is missing');
    assert(await button('Probar con 0 personas').isDisabled(), 'the campaign can be approved without recipients');
    await stepHeader('1. Lista').click();
  });

  await step('preview the list before adding recipients', async () => {
    await page.locator('input[type="file"]').setInputFiles({ name: 'marzo.csv', mimeType: 'text/csv', buffer: excelFile() });
    await dialog().getByText(`${people.toLocaleString('es-AR')} personas · 1 repetida · 2 con problemas`).waitFor({ timeout: 60_000 });
    assertEqual(await dialog().getByRole('combobox', { name: 'Columna del celular' }).inputValue(), 'Teléfono', 'the column of the number');
    await dialog().getByRole('cell', { name: 'Ñata 1', exact: true }).first().waitFor();
    await takeScreenshot('campaign-list-look');
    // With the wrong column for the phone number, there are no valid recipients.
    await dialog().getByRole('combobox', { name: 'Columna del celular' }).click();
    await page.getByRole('option', { name: 'Nombre', exact: true }).click();
    await dialog().getByText(/^0 personas ·/).waitFor();
    assertEqual(await dialog().getByRole('button', { name: 'Agregar a 0 personas' }).isDisabled(), true, 'the disabled button');
    await clickInDialog('Cancelar');
    await dialog().waitFor({ state: 'hidden' });
    assertEqual(await page.getByText('personas agregadas').count(), 0, 'notices of added recipients');
  });

  await step('the chosen import options are applied', async () => {
    // As an old program saves it: separated by `|`, in the DOS character set (CP850, where 0xa4 is
    // ñ), with two columns of numbers without a country code and two of names.
    const oldFile = Buffer.concat([
      Buffer.from('Contacto|Cliente|Telefono A|Telefono B\n'),
      Buffer.from('Ana|Mu'), Buffer.from([0xa4]), Buffer.from('oz|95555012|95555022\n'),
      Buffer.from('Leo|Pe'), Buffer.from([0xa4]), Buffer.from('a|95555013|95555023\n'),
    ]);
    const created = await api('/api/sender/campaigns', 'POST', { nombre: 'Otra lista', mensaje: 'Hola {nombre}' });
    await page.goto(`${hub}/campanas/${created.id}`);
    const pick = async (label, option) => {
      await page.getByRole('combobox', { name: label, exact: true }).click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await pick('¿De qué país son los números?', 'Otro…');
    await page.getByLabel('Prefijo de país y área').fill('598');
    await page.locator('input[type="file"]').setInputFiles({ name: 'vieja.txt', mimeType: 'text/plain', buffer: oldFile });
    await dialog().waitFor();
    await pick('Separador', 'Barra (|)');
    await pick('Letras (codificación)', 'Sistema viejo de DOS');
    await pick('Columna del celular', 'Telefono B');
    await pick('Columna del nombre', 'Cliente');
    await dialog().getByText(/^2 personas ·/).waitFor();
    await dialog().getByRole('cell', { name: 'Muñoz', exact: true }).first().waitFor();
    await takeScreenshot('campaign-list-options');
    await clickInDialog('Agregar a 2 personas');
    await waitForText('2 personas agregadas');
    const recipients = await api(`/api/sender/campaigns/${created.id}/recipients`, 'GET');
    const imported = recipients.destinatarios.map(({ destinatario, nombre }) => `${destinatario} ${nombre}`);
    assertEqual(imported.join(', '), '59895555022 Muñoz, 59895555023 Peña', 'the imported recipients');
    await api(`/api/sender/campaigns/${created.id}`, 'DELETE');
    await page.goto(`${hub}${path}`);
    await stepHeader('1. Lista').waitFor();
  });

  await step('uploading shows a progress bar', async () => {
    // Throttles the upload so that the progress bar is visible.
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 60_000 });
    const bar = page.getByTestId('upload-progress').getByRole('progressbar');
    await page.locator('input[type="file"]').setInputFiles({ name: 'marzo.csv', mimeType: 'text/csv', buffer: excelFile() });
    await dialog().getByRole('button', { name: /^Agregar a/ }).click({ timeout: 60_000 });
    await bar.waitFor();
    await page.getByText(`${people.toLocaleString('es-AR')} personas agregadas`).waitFor({ timeout: 60_000 });
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await waitForText('1 repetida y 2 con problemas.');
    await button('Ver y corregir').click();
    await waitForText('La planilla cambió el número');
    await waitForText('Un número lleva solo cifras, espacios, + y guiones.');
    await takeScreenshot('campaign-list', { fullPage: true });
    await button('Seguir con el mensaje').click();
    assertEqual(await page.getByTestId('summary-list').textContent(), `${people.toLocaleString('es-AR')} personas`, 'all recipients are counted');
  });

  const area = () => page.getByRole('textbox', { name: 'Mensaje', exact: true });

  await step('compose the message from the columns', async () => {
    await area().fill('Hola  de ');
    await area().evaluate((field) => field.setSelectionRange(5, 5));
    await button('Poner {nombre}').click();
    await eventually('the name placeholder is inserted', async () => (await area().inputValue()) === 'Hola {nombre} de ');
    await page.keyboard.press('End');
    await button('Poner {razon_social}').click();
    await eventually('the company placeholder is inserted', async () => (await area().inputValue()) === 'Hola {nombre} de {razon_social}');
    assertEqual(await page.getByTestId('bubble').textContent(), 'Hola Ñata 1 de Hijos; 1', 'the message for the first recipient');
    await takeScreenshot('campaign-message');
  });

  await step('template errors are explained', async () => {
    await area().fill('Hola {nombre} de {razon_socia}');
    await waitForText('La lista no tiene una columna «razon_socia».');
    assertEqual(await page.getByTestId('mistake').textContent(), '{razon_socia}', 'the marked placeholder');
    await button('Mostrar dónde').click();
    const marked = await area().evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd));
    assertEqual(marked, '{razon_socia}', 'the selected text');
    await takeScreenshot('campaign-mistake');
    await button('Usar {razon_social}').click();
    await eventually('the placeholder is corrected', async () => (await area().inputValue()) === 'Hola {nombre} de {razon_social}');
    // An unsaved text survives a reload.
    await area().fill('Hola {nombre}, zona {zona}');
    await page.reload();
    await stepHeader('2. Mensaje').waitFor();
    await eventually('the unsaved text is still there', async () => (await area().inputValue()) === 'Hola {nombre}, zona {zona}');
    await button('Guardar y seguir').click();
    await waitForText(`A ${(people - 1).toLocaleString('es-AR')} personas de la lista les falta «zona».`);
    await button('Poner otra palabra si falta «zona»').click();
    await eventually('the fallback word is inserted', async () => (await area().inputValue()) === 'Hola {nombre}, zona {zona|otra palabra}');
    await area().fill('Hola {nombre} de {razon_social}');
    await button('Guardar y seguir').click();
    await page.getByTestId('when-form').waitFor();
    await eventually('the summary shows the saved text', async () => (await page.getByTestId('summary-message').textContent()) === 'Hola {nombre} de {razon_social}');
  });

  await step('set the schedule', async () => {
    await page.getByLabel('Máximo por día').fill('0');
    await button('Guardar y revisar').click();
    await waitForText('Un número entero de 1 a 100000.');
    await page.getByLabel('Máximo por día').fill(String(Math.ceil(people / 4)));
    const ends = new RegExp(`^${people.toLocaleString('es-AR')} personas a ${Math.ceil(people / 4)} por día: 4 días, hasta `);
    await page.getByTestId('ends').getByText(ends).waitFor();
    await takeScreenshot('campaign-when', { fullPage: true });
    await button('Guardar y revisar').click();
    await page.getByTestId('review').waitFor();
    await eventually('the campaign is finished', async () => ends.test(await page.getByTestId('summary-when').textContent()));
  });

  await step('preview the text of any recipient', async () => {
    await waitForText('Hola Ñata 1 de Hijos; 1');
    await page.getByRole('button', { name: 'Siguiente', exact: true }).click();
    await page.getByRole('button', { name: 'Ver la línea 40', exact: true }).click();
    await dialog().getByTestId('preview').waitFor();
    assertEqual(await dialog().getByTestId('preview').textContent(), 'Hola Ñata 39 de Hijos; 39', 'the previewed text');
    await takeScreenshot('campaign-preview');
    await clickInDialog('Cerrar').catch(() => page.keyboard.press('Escape'));
    await dialog().waitFor({ state: 'hidden' });
  });

  await step('approve a dry run and watch it finish', async () => {
    assertEqual(await page.getByTestId('review-sample').textContent(), 'Hola Ñata 1 de Hijos; 1', 'the sample text');
    await page.getByTestId('review-when').getByText(/ personas a .+ por día: termina /).waitFor();
    await waitForText('2 líneas de la lista tenían problemas y no entraron.');
    await waitForText('1 número repetido: le llega una sola vez.');
    await waitForText('También se aprueba su horario.');
    await takeScreenshot('campaign-approve', { fullPage: true });
    await button(`Probar con ${people.toLocaleString('es-AR')} personas`).click();
    await eventually('the dry run is in progress', async () => ['Probando', 'Finalizada'].includes(await state()));
    const progress = new Set();
    await eventually(
      'the campaign is finished',
      async () => {
        progress.add(await figure('De prueba'));
        if (progress.size === 3) await takeScreenshot('campaign-under-way', { fullPage: true });
        return (await state()) === 'Finalizada';
      },
      240_000,
    );
    assert(progress.size > 2, `the progress did not change: ${[...progress]}`);
    await eventually('all recipients are counted', async () => (await figure('De prueba')) === people.toLocaleString('es-AR'));
    await page.getByTestId('chart').locator('svg').waitFor();
    const days = await page.getByTestId('chart').locator('tbody tr').count();
    assert(days === 4 || days === 5, `${days} days in the chart`);
    await waitForText('En un envío real, el primer mensaje habría salido');
    // DRY_RUN is set in the environment, so the help dialog shows the commands that change it.
    await button('Enviarla de verdad').click();
    await dialog().getByText('El servidor está en modo prueba').waitFor();
    assert(await dialog().getByRole('button', { name: /^Enviar a / }).isDisabled(), 'a real send is possible despite DRY_RUN');
    await clickInDialog('Cancelar');
    await dialog().waitFor({ state: 'hidden' });
    await button('¿Cómo se activa el envío?').click();
    const letter = await dialog().getByTestId('operator-letter').textContent();
    assert(letter.includes("DRY_RUN: 'false'") && letter.includes('pm2 delete leadmaster-central-hub'), letter);
    await takeScreenshot('operator');
    await clickInDialog('Cerrar');
    await dialog().waitFor({ state: 'detached' });
    await takeScreenshot('campaign-finished', { fullPage: true });
  });

  await step('search the campaign list by name', async () => {
    await page.getByRole('navigation', { name: 'Secciones' }).getByRole('link', { name: 'Campañas' }).click();
    await page.getByLabel('Buscar por nombre').fill('MARZ');
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    await page.getByLabel('Buscar por nombre').fill('abril');
    await waitForText('Ninguna campaña coincide.');
    await page.getByLabel('Buscar por nombre').fill('');
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    await takeScreenshot('campaigns');
  });

  await step('copy, edit and delete a campaign', async () => {
    await page.getByRole('link', { name: 'Marzo', exact: true }).click();
    await button('Copiar').click();
    await dialog().getByLabel('Nombre de la campaña').fill('Abril');
    await clickInDialog('Copiar');
    await page.getByRole('heading', { name: 'Abril', level: 1 }).waitFor();
    // A copy has recipients but no lists, so no lists card is shown.
    await eventually('the copy has the recipients', async () =>
      (await page.getByTestId('summary-list').textContent()) === `${people.toLocaleString('es-AR')} personas`);
    assertEqual(await page.getByTestId('lists-card').count(), 0, 'cards of lists');
    await stepHeader('1. Lista').click();
    await page.getByTestId('step-list').getByRole('button', { name: 'Seguir con el mensaje' }).waitFor();
    assertEqual(await page.getByTestId('step-list').getByRole('table').count(), 0, 'tables of lists');
    await button('Editar').click();
    await dialog().getByLabel('Nombre de la campaña').fill('Abril y mayo');
    await clickInDialog('Guardar');
    await page.getByRole('heading', { name: 'Abril y mayo', level: 1 }).waitFor();
    await stepHeader('2. Mensaje').click();
    await area().fill('Buenas {nombre}');
    await button('Guardar y seguir').click();
    await eventually('the summary shows the new text', async () => (await page.getByTestId('summary-message').textContent()) === 'Buenas {nombre}');
    await button('Borrar').click();
    await clickInDialog('Borrar');
    await page.waitForURL(`${hub}/campanas`);
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    assertEqual(await page.getByRole('link', { name: 'Abril y mayo', exact: true }).count(), 0, 'the deleted campaign');
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await assertNoSidewaysScroll('the list');
    await takeScreenshot('phone-campaigns');
    await page.goto(`${hub}${path}`);
    await page.getByTestId('chart').waitFor();
    await assertNoSidewaysScroll('one campaign');
    await takeScreenshot('phone-campaign', { fullPage: true });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await takeScreenshot('dark-campaign', { fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a business user creates campaigns, but cannot approve them', async () => {
    await button('Cerrar sesión').click();
    await signIn('ana', 'la contraseña de ana');
    await page.goto(`${hub}/campanas/nueva`);
    await page.getByLabel('Nombre de la campaña').fill('Propia');
    assertEqual(await page.getByLabel('Cliente', { exact: true }).count(), 0, 'fields to choose a business');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Propia', level: 1 }).waitFor();
    await stepHeader('4. Revisar y enviar').click();
    await waitForText('Un administrador la revisa y la envía.');
    assertEqual(await page.getByRole('button', { name: /^(Probar con|Enviar a) / }).count(), 0, 'buttons to approve');
    await page.goto(`${hub}/campanas/99999`);
    await page.getByRole('heading', { name: 'Esta página no existe' }).waitFor();
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, visitor.close, 300_000);
