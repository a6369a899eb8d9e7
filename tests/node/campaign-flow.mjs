// A campaign on the hub's page in Chromium, from the spreadsheet to the end: made,
// its list uploaded, looked through, approved as a rehearsal and watched to its
// finish; and what is wrong, on a phone, and what a business may not do.
//
//   HUB_URL=… ADMIN_PASSWORD=… PEOPLE=1000 node campaign-flow.mjs
//
// With SCREENSHOTS=<folder> every screen is kept as a picture.
import { assert, equal, eventually, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, SCREENSHOTS: pictures, PEOPLE } = process.env;
const people = Number(PEOPLE ?? 1000);
if (!hub || !password) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… [PEOPLE=1000] node campaign-flow.mjs');
  process.exit(2);
}

const visitor = visit({ hub, password, pictures });
const { api, button, dialog, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;
let path = '';

const answer = (name) => dialog().getByRole('button', { name, exact: true }).click();
const figure = (name) => page.locator(`[data-figure="${name}"]`).textContent();
const state = () => page.getByTestId('campaign-state').first().textContent();

/** As Excel saves it in Argentina: `;` and Windows-1252. */
function excel() {
  let text = 'Teléfono;Nombre;Razón social\r\n';
  for (let n = 1; n <= people; n += 1) {
    text += `54911${String(n).padStart(8, '0')};Ñata ${n};"Hijos; ${n}"\r\n`;
  }
  text += '5491100000001;Otra vez;"Hijos; 1"\r\n';
  text += '5,49E+12;Redondo;Nadie\r\n';
  text += 'sin teléfono;Nada;Nadie\r\n';
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

  await step('nothing yet', async () => {
    await page.goto(`${hub}/campanas`);
    await enter('admin', password);
    await page.getByRole('heading', { name: 'Campañas', level: 1 }).waitFor();
    await says('Todavía no hay campañas');
    await picture('campaigns-empty');
  });

  await step('an unknown variable is shown at its place', async () => {
    await page.getByRole('link', { name: 'Nueva campaña' }).first().click();
    await button('Crear campaña').click();
    await says('Escribí un nombre.');
    await says('Escribí el mensaje.');
    await page.getByLabel('Nombre de la campaña').fill('Marzo');
    await page.getByLabel('Mensaje').fill('Hola {nombre} de {razon_social}');
    // Without columns any may come with the list; with them, these alone.
    await page.getByLabel('Columnas de la lista').fill('Otra');
    await button('Crear campaña').click();
    await says('La lista no tiene una columna «razon_social».');
    equal(await page.getByTestId('mistake').textContent(), '{razon_social}', 'what is marked');
    await button('Mostrar dónde').click();
    const marked = await page.getByLabel('Mensaje').evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd));
    equal(marked, '{razon_social}', 'the selection');
    await picture('campaign-mistake');
  });

  await step('made, for a business, without a pause', async () => {
    await page.getByLabel('Columnas de la lista').fill('Razón social');
    await page.getByLabel('Pausa mínima').fill('0');
    await page.getByLabel('Pausa máxima').fill('0');
    await page.getByLabel('Cliente', { exact: true }).fill('51');
    await button('Crear campaña').click();
    await page.getByRole('heading', { name: 'Marzo', level: 1 }).waitFor();
    path = new URL(page.url()).pathname;
    equal(await state(), 'Por aprobar', 'its state');
    assert(await button('Probar').isDisabled(), 'nobody to write to, and yet it can be approved');
    await says('Todavía no hay personas');
  });

  await step('the list is looked at before anybody is added', async () => {
    await page.locator('input[type="file"]').setInputFiles({ name: 'marzo.csv', mimeType: 'text/csv', buffer: excel() });
    await dialog().getByText(`${people.toLocaleString('es-AR')} personas · 1 repetida · 2 con problemas`).waitFor({ timeout: 60_000 });
    equal(await dialog().getByRole('combobox', { name: 'Columna del celular' }).inputValue(), 'Teléfono', 'the column');
    await dialog().getByRole('cell', { name: 'Ñata 1', exact: true }).first().waitFor();
    await picture('campaign-list-look');
    // Another column than the likeliest: nobody would be added.
    await dialog().getByRole('combobox', { name: 'Columna del celular' }).click();
    await page.getByRole('option', { name: 'Nombre', exact: true }).click();
    await dialog().getByText(/^0 personas ·/).waitFor();
    equal(await dialog().getByRole('button', { name: 'Agregar a 0 personas' }).isDisabled(), true, 'the button');
    await answer('Cancelar');
    await dialog().waitFor({ state: 'hidden' });
    equal(await page.getByText('personas agregadas').count(), 0, 'nobody is added');
  });

  await step('the list goes up with a bar', async () => {
    // So slowly that there is something to watch.
    const wire = await page.context().newCDPSession(page);
    await wire.send('Network.enable');
    await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 60_000 });
    const bar = page.getByTestId('upload-progress').getByRole('progressbar');
    await page.locator('input[type="file"]').setInputFiles({ name: 'marzo.csv', mimeType: 'text/csv', buffer: excel() });
    await dialog().getByRole('button', { name: /^Agregar a/ }).click({ timeout: 60_000 });
    await bar.waitFor();
    await page.getByText(`${people.toLocaleString('es-AR')} personas agregadas`).waitFor({ timeout: 60_000 });
    await wire.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await says('1 repetida y 2 con problemas.');
    await button('Ver y corregir').click();
    await says('La planilla cambió el número');
    await says('Un número lleva solo cifras, espacios, + y guiones.');
    await eventually('all of them', async () => (await figure('Personas')) === people.toLocaleString('es-AR'));
    await picture('campaign-list', { fullPage: true });
  });

  await step('anybody’s text is seen before', async () => {
    await says('Hola Ñata 1 de Hijos; 1');
    await page.getByRole('button', { name: 'Siguiente', exact: true }).click();
    await page.getByRole('button', { name: 'Ver la línea 40', exact: true }).click();
    await dialog().getByTestId('preview').waitFor();
    equal(await dialog().getByTestId('preview').textContent(), 'Hola Ñata 39 de Hijos; 39', 'the text');
    await picture('campaign-preview');
    await answer('Cerrar').catch(() => page.keyboard.press('Escape'));
    await dialog().waitFor({ state: 'hidden' });
  });

  await step('its hours', async () => {
    const schedule = await api('/api/sender/programaciones', 'POST', {
      campania_id: Number(path.split('/').at(-1)),
      dias_semana: ['mon', 'tue', 'wed', 'thu', 'fri'],
      hora_inicio: '09:00',
      hora_fin: '18:00',
      cupo_diario: Math.ceil(people / 4),
    });
    await api(`/api/sender/programaciones/${schedule.id}/approve`, 'POST');
  });

  await step('approved as a rehearsal, and watched to its end', async () => {
    await button('Probar').click();
    await dialog().getByText('Es una prueba').waitFor();
    equal(await dialog().getByTestId('review-sample').textContent(), 'Hola Ñata 1 de Hijos; 1', 'the first text');
    await dialog().getByTestId('review-when').getByText(/ personas a .+ por día: termina /).waitFor();
    await picture('campaign-approve');
    await answer('Empezar la prueba');
    await dialog().waitFor({ state: 'hidden' });
    await eventually('it is under way', async () => ['Probando', 'Finalizada'].includes(await state()));
    const seen = new Set();
    await eventually(
      'the end',
      async () => {
        seen.add(await figure('De prueba'));
        if (seen.size === 3) await picture('campaign-under-way', { fullPage: true });
        return (await state()) === 'Finalizada';
      },
      240_000,
    );
    assert(seen.size > 2, `the numbers did not move: ${[...seen]}`);
    await eventually('all of them', async () => (await figure('De prueba')) === people.toLocaleString('es-AR'));
    await page.getByTestId('chart').locator('svg').waitFor();
    const days = await page.getByTestId('chart').locator('tbody tr').count();
    assert(days === 4 || days === 5, `${days} days in the chart`);
    await says('En un envío real, el primer mensaje habría salido');
    // The lock is in the environment: the way out says so, with the very commands.
    await button('Enviarla de verdad').click();
    await dialog().getByText('El servidor está en modo prueba').waitFor();
    assert(await dialog().getByRole('button', { name: /^Enviar a / }).isDisabled(), 'it can be sent for real');
    await answer('Cancelar');
    await dialog().waitFor({ state: 'hidden' });
    await button('¿Cómo se activa el envío?').click();
    const letter = await dialog().getByTestId('operator-letter').textContent();
    assert(letter.includes("DRY_RUN: 'false'") && letter.includes('pm2 delete leadmaster-central-hub'), letter);
    await picture('operator');
    await answer('Cerrar');
    await dialog().waitFor({ state: 'detached' });
    await picture('campaign-finished', { fullPage: true });
  });

  await step('in the list, by its name', async () => {
    await page.getByRole('navigation', { name: 'Secciones' }).getByRole('link', { name: 'Campañas' }).click();
    await page.getByLabel('Buscar por nombre').fill('MARZ');
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    await page.getByLabel('Buscar por nombre').fill('abril');
    await says('Ninguna campaña coincide.');
    await page.getByLabel('Buscar por nombre').fill('');
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    await picture('campaigns');
  });

  await step('copied, edited, and deleted', async () => {
    await page.getByRole('link', { name: 'Marzo', exact: true }).click();
    await button('Copiar').click();
    await dialog().getByLabel('Nombre de la campaña').fill('Abril');
    await answer('Copiar');
    await page.getByRole('heading', { name: 'Abril', level: 1 }).waitFor();
    await button('Editar').click();
    await dialog().getByLabel('Mensaje').fill('Buenas {nombre}');
    await answer('Guardar');
    await eventually('the new text', async () => (await page.getByTestId('campaign-text').textContent()) === 'Buenas {nombre}');
    await button('Borrar').click();
    await answer('Borrar');
    await page.waitForURL(`${hub}/campanas`);
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    equal(await page.getByRole('link', { name: 'Abril', exact: true }).count(), 0, 'what was deleted');
  });

  await step('on a phone, and in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await noSidewaysScroll('the list');
    await picture('phone-campaigns');
    await page.goto(`${hub}${path}`);
    await page.getByTestId('chart').waitFor();
    await noSidewaysScroll('one campaign');
    await picture('phone-campaign', { fullPage: true });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture('dark-campaign', { fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a business pauses and copies, and approves nothing', async () => {
    await button('Cerrar sesión').click();
    await enter('ana', 'la contraseña de ana');
    await page.goto(`${hub}/campanas/nueva`);
    await page.getByLabel('Nombre de la campaña').fill('Propia');
    await page.getByLabel('Mensaje').fill('Hola');
    equal(await page.getByLabel('Cliente', { exact: true }).count(), 0, 'another business to choose');
    await button('Crear campaña').click();
    await page.getByRole('heading', { name: 'Propia', level: 1 }).waitFor();
    equal(await button('Probar').count(), 0, 'ways to approve');
    await page.goto(`${hub}/campanas/99999`);
    await page.getByRole('heading', { name: 'Esta página no existe' }).waitFor();
  });

  await step('no complaints', visitor.noComplaints);
}

await run(test, visitor.close, 300_000);
