// Tests the contacts on the hub's page in Chromium, on a linked pair: contacts appear after the
// first message in either direction; search, edit, merge, split and delete them.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node contacts-flow.mjs
//
// The hub runs with DRY_RUN=false. With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: pictures } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node contacts-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const LEO = '5491158254202';
const EVA_PASSWORD = 'la contraseña de eva';

const standin = phone(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = visit({ hub, password, pictures });
const { api, button, dialog, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;

const rows = () => page.getByRole('table', { name: 'Contactos' }).locator('tbody tr');
const row = (text) => rows().filter({ hasText: text });
const field = (name) => dialog().getByLabel(name, { exact: true });
const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
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
    await enter('admin', password);
    await page.getByRole('heading', { name: 'Contactos', level: 1 }).waitFor();
    await says('Todavía no hay contactos');
  });

  await step('a message in either direction creates a contact', async () => {
    const outgoing = { destinatario: ANA, mensaje: 'Hola Ana, ¿renovás?', cliente_id: 51 };
    await api('/api/sender/messages/send', 'POST', outgoing);
    await standin.leadMessage({ from: LEO, body: '¿Cuánto sale?' });
    await eventually('both are told', async () => (await api('/api/contacts')).contactos.length === 2);
    await page.reload();
    await row('Hola Ana, ¿renovás?').waitFor();
    await row('¿Cuánto sale?').waitFor();
    await picture('contacts');
  });

  await step('edit the name, tags and note with the keyboard only', async () => {
    await row('Hola Ana').getByRole('button').last().focus();
    await page.keyboard.press('Enter');
    await field('Nombre').focus();
    await page.keyboard.type('Ana María Gómez');
    await page.keyboard.press('Tab');
    await page.keyboard.type('alquiler');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Llama de noche');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await says('Se guardó.');
    const contact = await api(`/api/contacts/${ANA}`);
    equal([contact.nombre, contact.etiquetas.join(), contact.nota].join('|'), 'Ana María Gómez|alquiler|Llama de noche', 'kept');
    await picture('contact');
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
    await says('No se encontró a nadie');
    await search().fill('');
    await row('Ana María Gómez').getByRole('button', { name: 'Con la etiqueta alquiler' }).click();
    await row('¿Cuánto sale?').waitFor({ state: 'detached' });
    await button('Quitar el filtro').click();
    await row('¿Cuánto sale?').waitFor();
  });

  await step('merge two contacts and split them again', async () => {
    await row('Ana María Gómez').click();
    await field('Número del otro contacto').fill('+54 9 11 5825-4202');
    await inDialog('Unir').click();
    await confirm('¿Ana María Gómez y +54 9 11 5825-4202 son la misma persona?', 'Unir');
    await says('Ahora son un solo contacto');
    await dialog().getByRole('region', { name: 'Por qué números se la conoce' }).waitFor();
    await dialog().getByText('¿Cuánto sale?').waitFor();
    equal((await api('/api/contacts')).contactos.length, 1, 'contacts');
    await picture('joined');
    await dialog().getByRole('button', { name: 'Separar +54 9 11 5825-4202' }).click();
    await confirm('¿Separar +54 9 11 5825-4202?', 'Separar');
    await says('quedó como otra persona');
    equal((await api('/api/contacts')).contactos.length, 2, 'contacts');
    const [leo] = (await api(`/api/contacts/${LEO}`)).mensajes;
    equal(leo.mensaje, '¿Cuánto sale?', 'the message is with whom it is from');
    await close();
  });

  await step('download the list as a file', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Bajar como archivo' }).click();
    equal((await download).suggestedFilename(), 'contactos.csv', 'its name');
  });

  await step('delete a contact; the opt-out remains', async () => {
    await standin.leadMessage({ from: LEO, body: 'BAJA' });
    await row('BAJA').getByText('Pidió la baja').waitFor();
    await row('BAJA').click();
    await inDialog('Borrar todo de esta persona').click();
    await page.getByRole('dialog', { name: /¿Borrar todo lo de/ })
      .getByRole('button', { name: 'Borrar todo de esta persona', exact: true }).click();
    await says('Se borró todo lo de');
    await row('BAJA').waitFor({ state: 'detached' });
    const { mensajes } = await api(`/api/listener/history/${LEO}`);
    equal(mensajes.length, 0, 'messages');
    equal((await api(`/api/sender/bajas/${LEO}`)).telefono, LEO, 'on the list of opt-outs');
  });

  await step('phone layout with cards, and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(`${hub}/contactos`);
    await row('Ana María Gómez').waitFor();
    await noSidewaysScroll('the list');
    await picture('phone-contacts');
    await row('Ana María Gómez').getByRole('button', { name: 'Ver a Ana María Gómez' }).click();
    await field('Nota').waitFor();
    await noSidewaysScroll('one of them');
    await picture('phone-contact');
    await close();
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('a business user sees only its own contacts', async () => {
    await button('Cerrar sesión').click();
    await enter('eva', EVA_PASSWORD);
    await page.goto(`${hub}/contactos`);
    await says('Todavía no hay contactos');
    assert((await api('/api/contacts?cliente_id=51')).contactos.length === 1, "the other business's is there");
  });

  await step('no console errors', () => visitor.noComplaints());
}

await run(test, () => visitor.close(), 240_000);
