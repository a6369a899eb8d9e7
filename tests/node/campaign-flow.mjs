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
/** The head of a step, which opens it. */
const head = (name) => page.getByRole('button', { name: new RegExp(`^${name.replace('.', '\\.')}`) });
const state = () => page.getByTestId('campaign-state').first().textContent();

/** As Excel saves it in Argentina: `;` and Windows-1252. */
function excel() {
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

  await step('nothing yet', async () => {
    await page.goto(`${hub}/campanas`);
    await enter('admin', password);
    await page.getByRole('heading', { name: 'Campañas', level: 1 }).waitFor();
    await says('Todavía no hay campañas');
    await picture('campaigns-empty');
  });

  await step('begun with a name, for a business', async () => {
    await page.getByRole('link', { name: 'Nueva campaña' }).first().click();
    await button('Empezar').click();
    await says('Escribí un nombre.');
    await page.getByLabel('Nombre de la campaña').fill('Marzo');
    await page.getByLabel('Cliente', { exact: true }).fill('51');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Marzo', level: 1 }).waitFor();
    path = new URL(page.url()).pathname;
    equal(await state(), 'Por aprobar', 'its state');
    await picture('campaign-steps');
    // What is missing is said at the end, and nothing can be approved.
    await head('4. Revisar y enviar').click();
    equal(await page.getByTestId('missing').innerText(), 'La lista (paso 1)\nEl mensaje (paso 2)', 'what is missing');
    assert(await button('Probar con 0 personas').isDisabled(), 'nobody to write to, and yet it can be approved');
    await head('1. Lista').click();
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

  await step('what a person chooses for a list is what is kept', async () => {
    // As an old program saves it: `|`, DOS letters (0xa4 is ñ), two columns of
    // numbers without a country, and two of names.
    const old = Buffer.concat([
      Buffer.from('Contacto|Cliente|Telefono A|Telefono B\n'),
      Buffer.from('Ana|Mu'), Buffer.from([0xa4]), Buffer.from('oz|95555012|95555022\n'),
      Buffer.from('Leo|Pe'), Buffer.from([0xa4]), Buffer.from('a|95555013|95555023\n'),
    ]);
    const made = await api('/api/sender/campaigns', 'POST', { nombre: 'Otra lista', mensaje: 'Hola {nombre}' });
    await page.goto(`${hub}/campanas/${made.id}`);
    const pick = async (label, option) => {
      await page.getByRole('combobox', { name: label, exact: true }).click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await pick('¿De qué país son los números?', 'Otro…');
    await page.getByLabel('Prefijo de país y área').fill('598');
    await page.locator('input[type="file"]').setInputFiles({ name: 'vieja.txt', mimeType: 'text/plain', buffer: old });
    await dialog().waitFor();
    await pick('Separador', 'Barra (|)');
    await pick('Letras (codificación)', 'Sistema viejo de DOS');
    await pick('Columna del celular', 'Telefono B');
    await pick('Columna del nombre', 'Cliente');
    await dialog().getByText(/^2 personas ·/).waitFor();
    await dialog().getByRole('cell', { name: 'Muñoz', exact: true }).first().waitFor();
    await picture('campaign-list-options');
    await answer('Agregar a 2 personas');
    await says('2 personas agregadas');
    const kept = await api(`/api/sender/campaigns/${made.id}/recipients`, 'GET');
    const people = kept.destinatarios.map(({ destinatario, nombre }) => `${destinatario} ${nombre}`);
    equal(people.join(', '), '59895555022 Muñoz, 59895555023 Peña', 'who is kept');
    await api(`/api/sender/campaigns/${made.id}`, 'DELETE');
    await page.goto(`${hub}${path}`);
    await head('1. Lista').waitFor();
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
    await picture('campaign-list', { fullPage: true });
    await button('Seguir con el mensaje').click();
    equal(await page.getByTestId('summary-list').textContent(), `${people.toLocaleString('es-AR')} personas`, 'all of them');
  });

  const area = () => page.getByRole('textbox', { name: 'Mensaje', exact: true });

  await step('the message is put together from the columns', async () => {
    await area().fill('Hola  de ');
    await area().evaluate((field) => field.setSelectionRange(5, 5));
    await button('Poner {nombre}').click();
    await eventually('the name is put in', async () => (await area().inputValue()) === 'Hola {nombre} de ');
    await page.keyboard.press('End');
    await button('Poner {razon_social}').click();
    await eventually('the company is put in', async () => (await area().inputValue()) === 'Hola {nombre} de {razon_social}');
    equal(await page.getByTestId('bubble').textContent(), 'Hola Ñata 1 de Hijos; 1', 'as the first person reads it');
    await picture('campaign-message');
  });

  await step('what is wrong in it is said in words', async () => {
    await area().fill('Hola {nombre} de {razon_socia}');
    await says('La lista no tiene una columna «razon_socia».');
    equal(await page.getByTestId('mistake').textContent(), '{razon_socia}', 'what is marked');
    await button('Mostrar dónde').click();
    const marked = await area().evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd));
    equal(marked, '{razon_socia}', 'the selection');
    await picture('campaign-mistake');
    await button('Usar {razon_social}').click();
    await eventually('it is mended', async () => (await area().inputValue()) === 'Hola {nombre} de {razon_social}');
    // A text that is not saved yet survives a reload.
    await area().fill('Hola {nombre}, zona {zona}');
    await page.reload();
    await head('2. Mensaje').waitFor();
    await eventually('it is still there', async () => (await area().inputValue()) === 'Hola {nombre}, zona {zona}');
    await button('Guardar y seguir').click();
    await says(`A ${(people - 1).toLocaleString('es-AR')} personas de la lista les falta «zona».`);
    await button('Poner otra palabra si falta «zona»').click();
    await eventually('a word for them', async () => (await area().inputValue()) === 'Hola {nombre}, zona {zona|otra palabra}');
    await area().fill('Hola {nombre} de {razon_social}');
    await button('Guardar y seguir').click();
    await page.getByTestId('when-form').waitFor();
    await eventually('what was saved', async () => (await page.getByTestId('summary-message').textContent()) === 'Hola {nombre} de {razon_social}');
  });

  await step('when it goes', async () => {
    await page.getByLabel('Máximo por día').fill('0');
    await button('Guardar y revisar').click();
    await says('Un número entero de 1 a 100000.');
    await page.getByLabel('Máximo por día').fill(String(Math.ceil(people / 4)));
    const ends = new RegExp(`^${people.toLocaleString('es-AR')} personas a ${Math.ceil(people / 4)} por día: 4 días, hasta `);
    await page.getByTestId('ends').getByText(ends).waitFor();
    await picture('campaign-when', { fullPage: true });
    await button('Guardar y revisar').click();
    await page.getByTestId('review').waitFor();
    await eventually('the end', async () => ends.test(await page.getByTestId('summary-when').textContent()));
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

  await step('approved as a rehearsal, and watched to its end', async () => {
    equal(await page.getByTestId('review-sample').textContent(), 'Hola Ñata 1 de Hijos; 1', 'the first text');
    await page.getByTestId('review-when').getByText(/ personas a .+ por día: termina /).waitFor();
    await says('2 líneas de la lista tenían problemas y no entraron.');
    await says('1 número repetido: le llega una sola vez.');
    await says('También se aprueba su horario.');
    await picture('campaign-approve', { fullPage: true });
    await button(`Probar con ${people.toLocaleString('es-AR')} personas`).click();
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
    // A copy has people and no lists: nothing stands there for these.
    await eventually('its people', async () =>
      (await page.getByTestId('summary-list').textContent()) === `${people.toLocaleString('es-AR')} personas`);
    equal(await page.getByTestId('lists-card').count(), 0, 'a card of lists');
    await head('1. Lista').click();
    await page.getByTestId('step-list').getByRole('button', { name: 'Seguir con el mensaje' }).waitFor();
    equal(await page.getByTestId('step-list').getByRole('table').count(), 0, 'an empty table of lists');
    await button('Editar').click();
    await dialog().getByLabel('Nombre de la campaña').fill('Abril y mayo');
    await answer('Guardar');
    await page.getByRole('heading', { name: 'Abril y mayo', level: 1 }).waitFor();
    await head('2. Mensaje').click();
    await area().fill('Buenas {nombre}');
    await button('Guardar y seguir').click();
    await eventually('the new text', async () => (await page.getByTestId('summary-message').textContent()) === 'Buenas {nombre}');
    await button('Borrar').click();
    await answer('Borrar');
    await page.waitForURL(`${hub}/campanas`);
    await page.getByRole('link', { name: 'Marzo', exact: true }).waitFor();
    equal(await page.getByRole('link', { name: 'Abril y mayo', exact: true }).count(), 0, 'what was deleted');
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
    equal(await page.getByLabel('Cliente', { exact: true }).count(), 0, 'another business to choose');
    await button('Empezar').click();
    await page.getByRole('heading', { name: 'Propia', level: 1 }).waitFor();
    await head('4. Revisar y enviar').click();
    await says('Un administrador la revisa y la envía.');
    equal(await page.getByRole('button', { name: /^(Probar con|Enviar a) / }).count(), 0, 'ways to approve');
    await page.goto(`${hub}/campanas/99999`);
    await page.getByRole('heading', { name: 'Esta página no existe' }).waitFor();
  });

  await step('no complaints', visitor.noComplaints);
}

await run(test, visitor.close, 300_000);
