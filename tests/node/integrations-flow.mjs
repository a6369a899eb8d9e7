// Tests webhooks and API tokens on the hub's page in Chromium, with a real webhook receiver.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node integrations-flow.mjs
//
// The hub runs with WEBHOOK_ALLOWED_HOSTS=127.0.0.1 and DRY_RUN=false.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: pictures } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node integrations-flow.mjs');
  process.exit(2);
}

const standin = phone(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = visit({ hub, password, pictures });
const { button, dialog, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;

const deliveries = [];
let status = 204;
const receiver = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  deliveries.push({ headers: request.headers, body });
  response.writeHead(status).end();
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const address = `http://127.0.0.1:${receiver.address().port}/wa`;

const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
const dialogClosed = () => dialog().waitFor({ state: 'detached' });
const field = (name) => dialog().getByLabel(name, { exact: true });
const rows = () => page.locator('tbody tr');
const secretShown = () => dialog().getByTestId('secret').textContent();

/**
 * Returns whether a delivery is signed as Standard Webhooks defines: over id, timestamp and body.
 */
function isSigned({ headers, body }, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return headers['webhook-signature'].split(' ').includes(expected);
}

async function test() {
  page = await visitor.open();
  let secret = '';

  await step('integrations are under the advanced settings, not in the menu', async () => {
    await page.goto(`${hub}/ajustes`);
    await enter('admin', password);
    await page.getByRole('heading', { name: 'Ajustes', level: 1 }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Secciones' });
    await menu.getByRole('link', { name: 'Ajustes' }).waitFor();
    equal(await menu.getByRole('link', { name: 'Integraciones' }).count(), 0, 'in the menu');
    await page.getByRole('main').getByRole('region', { name: 'Avanzado' }).getByRole('link', { name: 'Integraciones' }).click();
    await page.waitForURL(`${hub}/integraciones`);
  });

  await step('create a webhook; its secret is shown once', async () => {
    await says('Todavía no hay webhooks');
    await button('Nuevo webhook').click();
    await inDialog('Crear el webhook').click();
    await says('Una dirección que empieza con');
    await field('Dirección').fill('http://10.0.0.1/wa');
    await inDialog('Crear el webhook').click();
    await says('Esa dirección es de la red interna.');
    await field('Dirección').fill(address);
    await field('Descripción').fill('El CRM');
    await picture('webhook-new');
    await inDialog('Crear el webhook').click();
    secret = await secretShown();
    assert(secret.startsWith('whsec_'), 'the form of a secret');
    await picture('webhook-secret');
    await inDialog('Ya lo guardé').click();
    await dialogClosed();
    await rows().getByText('El CRM').waitFor();
    assert(!(await page.content()).includes(secret), 'it is shown once');
  });

  await step('send a test delivery', async () => {
    await page.getByRole('link', { name: address }).click();
    await page.getByRole('heading', { name: 'El CRM', level: 1 }).waitFor();
    await button('Probar').click();
    await says(/Contestó 204 en \d+ ms/);
    equal(JSON.parse(deliveries[0].body).type, 'test', 'what it was told');
    assert(isSigned(deliveries[0], secret), 'its signature');
    status = 500;
    await button('Probar').click();
    await says('La prueba no llegó');
    await says('Falló del otro lado (HTTP 500)');
    status = 204;
  });

  await step('an incoming message is delivered; view the delivery and repeat it', async () => {
    const before = deliveries.length;
    await standin.leadMessage({ from: '5491158254201', body: 'Hola' });
    await eventually('it hears of it', () => deliveries.length > before);
    const last = deliveries.at(-1);
    equal(JSON.parse(last.body).type, 'message', 'of a message');
    assert(isSigned(last, secret), 'its signature');
    await rows().getByText('Entregado').waitFor();
    await rows().getByRole('button').first().click();
    await dialog().getByText(last.headers['webhook-id']).waitFor();
    await dialog().getByTestId('attempts').getByText('contestó 204').waitFor();
    await picture('delivery');
    await inDialog('Volver a avisar').click();
    await eventually('once more, under the same id', () =>
      deliveries.filter(({ headers }) => headers['webhook-id'] === last.headers['webhook-id']).length === 2);
    await page.keyboard.press('Escape');
    await dialogClosed();
  });

  await step('a webhook that answers 410 is disabled with an explanation; enable it again', async () => {
    status = 410;
    await standin.leadMessage({ from: '5491158254201', body: '¿Estás?' });
    await says('Apagado: ya no existe');
    await says('contestó que ya no existe (410)');
    await picture('webhook-gone');
    status = 204;
    await button('Cambiar').click();
    await dialog().getByRole('switch', { name: 'Activo' }).click();
    await inDialog('Guardar').click();
    await dialogClosed();
    await page.getByText('Activo', { exact: true }).waitFor();
    const before = deliveries.length;
    await button('Volver a avisar los descartados').click();
    await says('Se vuelve a avisar 1.');
    await eventually('what it missed', () => deliveries.length > before);
  });

  await step('after a new secret, both secrets sign', async () => {
    await button('Cambiar el secreto').click();
    await inDialog('Crear uno nuevo').click();
    await dialog().getByTestId('secret').waitFor();
    const fresh = await secretShown();
    assert(fresh !== secret, 'another secret');
    await inDialog('Ya lo guardé').click();
    await dialogClosed();
    await says('También firma hasta');
    await button('Probar').click();
    await says(/Contestó 204 en \d+ ms/);
    const last = deliveries.at(-1);
    assert(isSigned(last, fresh) && isSigned(last, secret), 'both sign');
    await picture('webhook');
  });

  await step('delete the webhook', async () => {
    await button('Borrar').click();
    await inDialog('Borrar').click();
    await page.waitForURL(`${hub}/integraciones`);
    await says('Todavía no hay webhooks');
  });

  await step('create, use and revoke a token', async () => {
    await button('Nueva clave').click();
    await inDialog('Crear la clave').click();
    await says('De 1 a 100 caracteres.');
    await field('Nombre').fill('cron');
    await dialog().getByRole('checkbox', { name: 'Enviar mensajes' }).click();
    await field('Vence en (días)').fill('30');
    await picture('token-new');
    await inDialog('Crear la clave').click();
    const token = await secretShown();
    assert(token.startsWith('lm_'), 'the form of a token');
    // The token is shown only once, so neither Escape nor a click outside closes the dialog.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    equal(await secretShown(), token, 'it stays');
    await inDialog('Ya la guardé').click();
    await dialogClosed();
    const callApi = (path, options = {}) =>
      fetch(`${hub}${path}`, { ...options, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
    equal((await callApi('/api/sender/messages')).status, 200, 'it may read');
    const body = JSON.stringify({ to: '5491158254201', message: 'hola' });
    equal((await callApi('/api/send', { method: 'POST', body })).status, 403, 'and not send');
    await page.reload();
    await rows().filter({ hasText: 'cron' }).getByText('leer').waitFor();
    equal(await rows().getByText('Sin usar').count(), 0, 'its use is seen');
    await picture('integrations');
    await button('Anular cron').click();
    await inDialog('Anular').click();
    await dialogClosed();
    await says('Todavía no hay claves');
    equal((await callApi('/api/sender/messages')).status, 401, 'it is of no use');
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.reload();
    await says('Todavía no hay claves');
    await noSidewaysScroll('the screen');
    await picture('phone-integrations');
  });

  await step('no console errors', visitor.noComplaints);
}

async function close() {
  await visitor.close();
  receiver.closeAllConnections();
  receiver.close();
}

await run(test, close, 240_000);
