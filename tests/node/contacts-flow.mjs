// Tests the contacts on the hub's page in Chromium, on a linked pair: contacts appear after the
// first message in either direction; search, edit, merge, split and delete them.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node contacts-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node contacts-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const EVA_PASSWORD = 'la contraseña de eva';

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;

const rows = () => page.getByRole('table', { name: 'Contactos' }).locator('tbody tr');
const row = (text) => rows().filter({ hasText: text });
const dialogField = (name) => dialog().getByLabel(name, { exact: true });
const dialogButton = (name) => dialog().getByRole('button', { name, exact: true });
const search = () => page.getByLabel('Buscar', { exact: true });
const close = () => button('Cerrar').click();
/** Confirms the question that is shown above the open dialog. */
const confirm = (title, name) =>
  page.getByRole('dialog', { name: title }).getByRole('button', { name, exact: true }).click();

async function test() {
  page = await visitor.open();
  const body = { username: 'eva', password: EVA_PASSWORD, role: 'cliente', cliente_id: 52 };
  await api('/api/users', 'POST', body);

  await step('no contacts yet', async () => {
    await page.goto(`${hub}/contactos`);
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Contactos', level: 1 }).waitFor();
    await waitForText('Todavía no hay contactos');
  });

  await step('a message in either direction creates a contact', async () => {
    const outgoing = { destinatario: ANA, mensaje: 'Hola Ana, ¿renovás?', cliente_id: 51 };
    await api('/api/sender/messages/send', 'POST', outgoing);
    await standin.leadMessage({ from: LEO, body: '¿Cuánto sale?' });
    await eventually('the hub has both contacts', async () => (await api('/api/contacts')).contactos.length === 2);
    await page.reload();
    await row('Hola Ana, ¿renovás?').waitFor();
    await row('¿Cuánto sale?').waitFor();
    await takeScreenshot('contacts');
  });

  await step('edit the name, tags and note with the keyboard only', async () => {
    await row('Hola Ana').getByRole('button').last().focus();
    await page.keyboard.press('Enter');
    await dialogField('Nombre').focus();
    await page.keyboard.type('Ana María Gómez');
    await page.keyboard.press('Tab');
    await page.keyboard.type('alquiler');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Llama de noche');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await waitForText('Se guardó.');
    const contact = await api(`/api/contacts/${ANA}`);
    assertEqual([contact.nombre, contact.etiquetas.join(), contact.nota].join('|'), 'Ana María Gómez|alquiler|Llama de noche', 'the saved contact');
    await takeScreenshot('contact');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await row('Ana María Gómez').waitFor();
  });

  await step('find contacts by name without accents, by number and by tag', async () => {
    await search().fill('gomez maria');
    await row('¿Cuánto sale?').waitFor({ state: 'detached' });
    await row('Ana María Gómez').waitFor();
    await search().fill('5825-4202');
    await row('¿Cuánto sale?').waitFor();
    await row('Ana María Gómez').waitFor({ state: 'detached' });
    await search().fill('nadie');
    await waitForText('No se encontró a nadie');
    await search().fill('');
    await row('Ana María Gómez').getByRole('button', { name: 'Con la etiqueta alquiler' }).click();
    await row('¿Cuánto sale?').waitFor({ state: 'detached' });
    await button('Quitar el filtro').click();
    await row('¿Cuánto sale?').waitFor();
  });

  await step('merge two contacts and split them again', async () => {
    await row('Ana María Gómez').click();
    await dialogField('Número del otro contacto').fill('+54 9 11 5825-4202');
    await dialogButton('Unir').click();
    await confirm('¿Ana María Gómez y +54 9 11 5825-4202 son la misma persona?', 'Unir');
    await waitForText('Ahora son un solo contacto');
    await dialog().getByRole('region', { name: 'Por qué números se la conoce' }).waitFor();
    await dialog().getByText('¿Cuánto sale?').waitFor();
    assertEqual((await api('/api/contacts')).contactos.length, 1, 'the number of contacts');
    await takeScreenshot('joined');
    await dialog().getByRole('button', { name: 'Separar +54 9 11 5825-4202' }).click();
    await confirm('¿Separar +54 9 11 5825-4202?', 'Separar');
    await waitForText('quedó como otra persona');
    assertEqual((await api('/api/contacts')).contactos.length, 2, 'the number of contacts');
    const [leo] = (await api(`/api/contacts/${LEO}`)).mensajes;
    assertEqual(leo.mensaje, '¿Cuánto sale?', 'the contact of the message');
    await close();
  });

  await step('download the list as a file', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Bajar como archivo' }).click();
    assertEqual((await download).suggestedFilename(), 'contactos.csv', 'the name of the file');
  });

  await step('delete a contact; the opt-out remains', async () => {
    await standin.leadMessage({ from: LEO, body: 'BAJA' });
    await row('BAJA').getByText('Pidió la baja').waitFor();
    await row('BAJA').click();
    await dialogButton('Borrar todo de esta persona').click();
    await page.getByRole('dialog', { name: /¿Borrar todo lo de/ })
      .getByRole('button', { name: 'Borrar todo de esta persona', exact: true }).click();
    await waitForText('Se borró todo lo de');
    await row('BAJA').waitFor({ state: 'detached' });
    const { mensajes } = await api(`/api/listener/history/${LEO}`);
    assertEqual(mensajes.length, 0, 'messages of the deleted contact');
    assertEqual((await api(`/api/sender/bajas/${LEO}`)).telefono, LEO, 'the opt-outs');
  });

  await step('phone layout with cards, and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${hub}/contactos`);
    await row('Ana María Gómez').waitFor();
    await assertNoSidewaysScroll('the list');
    await takeScreenshot('phone-contacts');
    await row('Ana María Gómez').getByRole('button', { name: 'Ver a Ana María Gómez' }).click();
    await dialogField('Nota').waitFor();
    await assertNoSidewaysScroll('one of them');
    await takeScreenshot('phone-contact');
    await close();
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a business user sees only its own contacts', async () => {
    await button('Cerrar sesión').click();
    await signIn('eva', EVA_PASSWORD);
    await page.goto(`${hub}/contactos`);
    await waitForText('Todavía no hay contactos');
    assert((await api('/api/contacts?cliente_id=51')).contactos.length === 1, "the other business's is there");
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 240_000);
