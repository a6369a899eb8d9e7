// Tests the message history on the hub's page in Chromium: search it, view a message, resend a
// failed one, and download the results as a file.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node messages-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { readFileSync } from 'node:fs';
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node messages-flow.mjs');
  process.exit(2);
}
const NOBODY = '5491130000099';
const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;

const rows = () => page.locator('tbody tr');
const search = () => button('Buscar').click();

async function test() {
  page = await visitor.open();
  const mensajes = Array.from({ length: 70 }, (_, n) => ({
    destinatario: `54911${String(n + 1).padStart(8, '0')}`,
    mensaje: n === 3 ? '¿Cuánto; "sale"?' : `Vence el ${n + 1}`,
  }));
  await api('/api/sender/messages/bulk', 'POST', { cliente_id: 51, mensajes });
  await standin.call('contacts', { phone: NOBODY, on_whatsapp: false });
  await api('/api/sender/messages/bulk', 'POST', {
    cliente_id: 52,
    mensajes: [{ destinatario: NOBODY, mensaje: '=1+1' }],
  });
  await eventually('all messages are sent or refused', async () => {
    const { mensajes: pending } = await api('/api/sender/messages?estado=pendiente&limite=1');
    const { mensajes: failed } = await api('/api/sender/messages?estado=fallido&limite=1');
    return pending.length === 0 && failed.length === 1;
  }, 60_000);

  await step('messages are listed newest first, in pages', async () => {
    await page.goto(`${hub}/mensajes`);
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Mensajes', level: 1 }).waitFor();
    await eventually('a page of messages', async () => (await rows().count()) === 50);
    await waitForText('=1+1');
    await takeScreenshot('messages');
    await button('Siguiente').click();
    await eventually('the second page', async () => (await rows().count()) === 21);
    await button('Anterior').click();
    await eventually('the first page again', async () => (await rows().count()) === 50);
  });

  await step('filter by text, number and date', async () => {
    await page.getByLabel('Texto').fill('cuanto');
    await search();
    await eventually('the one matching message', async () => (await rows().count()) === 1);
    await waitForText('¿Cuánto; "sale"?');
    assertEqual(await rows().locator('mark').allTextContents().then((texts) => texts.join()), 'Cuánto', 'the marked word');
    await page.getByLabel('Texto').fill('');
    await page.getByLabel('Número', { exact: true }).fill('hola');
    await search();
    await waitForText('Usá solo números');
    await page.getByLabel('Número', { exact: true }).fill('+54 9 11 0000-0002');
    await search();
    await eventually('the messages of the number', async () => (await rows().count()) === 1);
    await button('Quitar filtros').click();
    await eventually('all messages', async () => (await rows().count()) === 50);
    await page.getByLabel('Desde').fill('2001-01-01');
    await page.getByLabel('Hasta').fill('2001-01-02');
    await search();
    await waitForText('Ningún mensaje coincide.');
    assertEqual(new URL(page.url()).search, '?desde=2001-01-01&hasta=2001-01-02', 'the query of the address');
  });

  await step('view a failed message and resend it with a reason', async () => {
    await page.goto(`${hub}/mensajes?estado=fallido`);
    await eventually('the one matching message', async () => (await rows().count()) === 1);
    await rows().getByRole('button').click();
    await dialog().getByText('Ese número no tiene WhatsApp.').first().waitFor();
    await dialog().getByTestId('history').locator('li').first().waitFor();
    await takeScreenshot('message');
    await standin.call('contacts', { phone: NOBODY, on_whatsapp: true });
    await dialog().getByRole('button', { name: 'Volver a enviar', exact: true }).click();
    await dialog().getByText('Escribí por qué.').waitFor();
    await dialog().getByLabel('Motivo').fill('ya tiene WhatsApp');
    await dialog().getByRole('button', { name: 'Volver a enviar', exact: true }).click();
    await dialog().waitFor({ state: 'hidden' });
    await eventually('the message arrives', async () => (await standin.messages()).some(({ to, body }) => to === NOBODY && body === '=1+1'), 60_000);
    await eventually('no failed messages', async () => (await rows().count()) === 0, 60_000);
  });

  await step('download the results as CSV', async () => {
    await page.goto(`${hub}/mensajes?cliente_id=52`);
    await eventually('the one matching message', async () => (await rows().count()) === 1);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Descargar CSV' }).click(),
    ]);
    assert(/^mensajes-\d{4}-\d\d-\d\d\.csv$/.test(download.suggestedFilename()), download.suggestedFilename());
    const text = readFileSync(await download.path(), 'utf8');
    const lines = text.split('\r\n');
    assertEqual(lines.length, 3, 'lines of the file');
    assert(lines[0].startsWith('\ufeffid;fecha;'), lines[0]);
    assert(lines[1].includes(";'=1+1;"), lines[1]);
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${hub}/mensajes`);
    await eventually('a page of messages', async () => (await rows().count()) === 50);
    await assertNoSidewaysScroll('the list');
    await takeScreenshot('phone-messages');
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await takeScreenshot('dark-messages');
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, visitor.close, 240_000);
