// Tests webhooks and API tokens on the hub's page in Chromium, with a real webhook receiver.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node integrations-flow.mjs
//
// The hub runs with WEBHOOK_ALLOWED_HOSTS=127.0.0.1 and DRY_RUN=false.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node integrations-flow.mjs');
  process.exit(2);
}

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
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

const dialogButton = (name) => dialog().getByRole('button', { name, exact: true });
const dialogClosed = () => dialog().waitFor({ state: 'detached' });
const dialogField = (name) => dialog().getByLabel(name, { exact: true });
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
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Ajustes', level: 1 }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Secciones' });
    await menu.getByRole('link', { name: 'Ajustes' }).waitFor();
    assertEqual(await menu.getByRole('link', { name: 'Integraciones' }).count(), 0, 'links in the menu');
    await page.getByRole('main').getByRole('region', { name: 'Avanzado' }).getByRole('link', { name: 'Integraciones' }).click();
    await page.waitForURL(`${hub}/integraciones`);
  });

  await step('create a webhook; its secret is shown once', async () => {
    await waitForText('Todavía no hay webhooks');
    await button('Nuevo webhook').click();
    await dialogButton('Crear el webhook').click();
    await waitForText('Una dirección que empieza con');
    await dialogField('Dirección').fill('http://10.0.0.1/wa');
    await dialogButton('Crear el webhook').click();
    await waitForText('Esa dirección es de la red interna.');
    await dialogField('Dirección').fill(address);
    await dialogField('Descripción').fill('El CRM');
    await takeScreenshot('webhook-new');
    await dialogButton('Crear el webhook').click();
    secret = await secretShown();
    assert(secret.startsWith('whsec_'), 'the secret does not begin with whsec_');
    await takeScreenshot('webhook-secret');
    await dialogButton('Ya lo guardé').click();
    await dialogClosed();
    await rows().getByText('El CRM').waitFor();
    assert(!(await page.content()).includes(secret), 'the secret is shown again');
  });

  await step('send a test delivery', async () => {
    await page.getByRole('link', { name: address }).click();
    await page.getByRole('heading', { name: 'El CRM', level: 1 }).waitFor();
    await button('Probar').click();
    await waitForText(/Contestó 204 en \d+ ms/);
    assertEqual(JSON.parse(deliveries[0].body).type, 'test', 'the type of the test delivery');
    assert(isSigned(deliveries[0], secret), 'the signature is invalid');
    status = 500;
    await button('Probar').click();
    await waitForText('La prueba no llegó');
    await waitForText('Falló del otro lado (HTTP 500)');
    status = 204;
  });

  await step('an incoming message is delivered; view the delivery and repeat it', async () => {
    const before = deliveries.length;
    await standin.leadMessage({ from: '5491158254201', body: 'Hola' });
    await eventually('the delivery of the message arrives', () => deliveries.length > before);
    const last = deliveries.at(-1);
    assertEqual(JSON.parse(last.body).type, 'message', 'the type of the delivery');
    assert(isSigned(last, secret), 'the signature is invalid');
    await rows().getByText('Entregado').waitFor();
    await rows().getByRole('button').first().click();
    await dialog().getByText(last.headers['webhook-id']).waitFor();
    await dialog().getByTestId('attempts').getByText('contestó 204').waitFor();
    await takeScreenshot('delivery');
    await dialogButton('Volver a avisar').click();
    await eventually('the delivery is repeated under the same id', () =>
      deliveries.filter(({ headers }) => headers['webhook-id'] === last.headers['webhook-id']).length === 2);
    await page.keyboard.press('Escape');
    await dialogClosed();
  });

  await step('a webhook that answers 410 is disabled with an explanation; enable it again', async () => {
    status = 410;
    await standin.leadMessage({ from: '5491158254201', body: '¿Estás?' });
    await waitForText('Apagado: ya no existe');
    await waitForText('contestó que ya no existe (410)');
    await takeScreenshot('webhook-gone');
    status = 204;
    await button('Cambiar').click();
    await dialog().getByRole('switch', { name: 'Activo' }).click();
    await dialogButton('Guardar').click();
    await dialogClosed();
    await page.getByText('Activo', { exact: true }).waitFor();
    const before = deliveries.length;
    await button('Volver a avisar los descartados').click();
    await waitForText('Se vuelve a avisar 1.');
    await eventually('the missed delivery arrives', () => deliveries.length > before);
  });

  await step('after a new secret, both secrets sign', async () => {
    await button('Cambiar el secreto').click();
    await dialogButton('Crear uno nuevo').click();
    await dialog().getByTestId('secret').waitFor();
    const fresh = await secretShown();
    assert(fresh !== secret, 'the secret has not changed');
    await dialogButton('Ya lo guardé').click();
    await dialogClosed();
    await waitForText('También firma hasta');
    await button('Probar').click();
    await waitForText(/Contestó 204 en \d+ ms/);
    const last = deliveries.at(-1);
    assert(isSigned(last, fresh) && isSigned(last, secret), 'the delivery is not signed with both secrets');
    await takeScreenshot('webhook');
  });

  await step('delete the webhook', async () => {
    await button('Borrar').click();
    await dialogButton('Borrar').click();
    await page.waitForURL(`${hub}/integraciones`);
    await waitForText('Todavía no hay webhooks');
  });

  await step('create, use and revoke a token', async () => {
    await button('Nueva clave').click();
    await dialogButton('Crear la clave').click();
    await waitForText('De 1 a 100 caracteres.');
    await dialogField('Nombre').fill('cron');
    await dialog().getByRole('checkbox', { name: 'Enviar mensajes' }).click();
    await dialogField('Vence en (días)').fill('30');
    await takeScreenshot('token-new');
    await dialogButton('Crear la clave').click();
    const token = await secretShown();
    assert(token.startsWith('lm_'), 'the token does not begin with lm_');
    // The token is shown only once, so neither Escape nor a click outside closes the dialog.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    assertEqual(await secretShown(), token, 'the token after Escape and a click outside');
    await dialogButton('Ya la guardé').click();
    await dialogClosed();
    const callApi = (path, options = {}) =>
      fetch(`${hub}${path}`, { ...options, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } });
    assertEqual((await callApi('/api/sender/messages')).status, 200, 'the status of a read');
    const body = JSON.stringify({ to: '5491158254201', message: 'hola' });
    assertEqual((await callApi('/api/send', { method: 'POST', body })).status, 403, 'the status of a send');
    await page.reload();
    await rows().filter({ hasText: 'cron' }).getByText('leer').waitFor();
    assertEqual(await rows().getByText('Sin usar').count(), 0, 'tokens that were never used');
    await takeScreenshot('integrations');
    await button('Anular cron').click();
    await dialogButton('Anular').click();
    await dialogClosed();
    await waitForText('Todavía no hay claves');
    assertEqual((await callApi('/api/sender/messages')).status, 401, 'the status with a revoked token');
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.reload();
    await waitForText('Todavía no hay claves');
    await assertNoSidewaysScroll('the screen');
    await takeScreenshot('phone-integrations');
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

async function close() {
  await visitor.close();
  receiver.closeAllConnections();
  receiver.close();
}

await run(test, close, 240_000);
