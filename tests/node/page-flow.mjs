// Tests the WhatsApp screen of the hub's page in Chromium, with both services and the stand-in:
// link the phone, send a test message, disconnect and unlink. Runs unattended.
//
//   HUB_URL=http://127.0.0.1:3012 PHONE_URL=http://127.0.0.1:… node page-flow.mjs
//
// PHONE_URL is the stand-in that session-manager's WHATSAPP_WEB_URL points at.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { startProxy } from './lib/page-proxy.mjs';

const [hubArgument, phoneArgument] = process.argv.slice(2);
const HUB = hubArgument ?? process.env.HUB_URL;
const PHONE = phoneArgument ?? process.env.PHONE_URL;
if (!HUB || !PHONE) {
  console.error('usage: HUB_URL=… PHONE_URL=… node page-flow.mjs, or both as arguments');
  process.exit(2);
}
// The browser connects through a proxy, whose connections the test can cut.
const proxy = await startProxy(HUB);
const hub = proxy.url;
const standin = phoneApi(`${PHONE.replace(/\/$/, '')}/`);
const screenshotFolder = process.env.SCREENSHOTS;

// The limit for slow steps, in ms: on a busy machine, Chrome starts slowly.
const LONG = 60_000;
const LEAD = '5491140000001';

let browser = null;
let context = null;
let page = null;
let before = null;
const pageErrors = [];

const view = (kind, timeout = LONG) => page.locator(`[data-view="${kind}"]`).waitFor({ timeout });
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const waitForText = (text, timeout = 10_000) => page.getByText(text).first().waitFor({ timeout });
/** Selects an option of a switch in the header by its label, because the radio input is hidden. */
const choose = (name) => page.getByRole('banner').locator('label', { hasText: name }).click();
const code = () => page.locator('[data-view="scan"] img');

async function takeScreenshot(name) {
  if (screenshotFolder) await page.screenshot({ path: join(screenshotFolder, `${name}.png`), animations: 'disabled' });
}

async function assertNoSidewaysScroll(where) {
  // The layout follows a new window size late.
  await eventually(`${where}: nothing is wider than the window`, () =>
    page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    5_000,
  );
}

/** Opens the question twice: cancels it, which changes nothing, and then confirms it. */
async function answer(opener, title, confirm) {
  await button(opener).click();
  await dialog().getByText(title).waitFor();
  await dialog().getByRole('button', { name: 'Cancelar', exact: true }).click();
  await dialog().waitFor({ state: 'hidden' });
  await button(opener).click();
  await eventually('the question is shown', () =>
    dialog().evaluate((element) => getComputedStyle(element).opacity === '1'),
  );
  await takeScreenshot(`question-${confirm.toLowerCase().replaceAll(' ', '-')}`);
  await dialog().getByRole('button', { name: confirm, exact: true }).click();
}

async function open() {
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
  context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    colorScheme: 'light',
    locale: 'es-AR',
  });
  page = await context.newPage();
  page.on('pageerror', (error) => pageErrors.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    // Chromium logs each failed request; the page itself shows those errors.
    const refused = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refused) pageErrors.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const part = /\.\w+$/.test(pathname);
    if (part && !response.ok() && response.status() !== 304) {
      pageErrors.push(`${pathname} answered ${response.status()}`);
    }
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(hub).origin) pageErrors.push(`asked ${origin}`);
  });
}

/** Unlinks and closes the session that an earlier run may have left. */
async function reset() {
  const post = (path) => fetch(`${hub}/api/admin/whatsapp/${path}`, { method: 'POST' });
  const { ok, status } = await post('logout');
  assert(ok, `cannot reset the session: logout answered ${status}`);
  await post('disconnect');
}

async function test() {
  if (screenshotFolder) mkdirSync(screenshotFolder, { recursive: true });
  before = (await standin.state()).settings;
  await open();
  const config = await (await fetch(`${hub}/api/config`)).json();

  await step('not linked yet', async () => {
    await reset();
    await page.goto(`${hub}/`);
    await page.waitForURL(`${hub}/inicio`);
    await page.getByRole('heading', { name: 'Inicio', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Ir a WhatsApp' }).click();
    await page.waitForURL(`${hub}/whatsapp`);
    assertEqual(await page.evaluate(() => document.documentElement.lang), 'es', 'the language');
    await page.locator('[data-view="idle"], [data-view="disconnected"]').waitFor();
    await takeScreenshot('disconnected');
  });

  await step('connecting shows the QR code', async () => {
    await standin.call('settings', { first_code_ms: 8_000, next_code_ms: 60_000 });
    await button('Conectar').click();
    await view('starting');
    await takeScreenshot('starting');
    await view('scan');
    await code().waitFor();
    const codeWidth = await code().evaluate((image) => image.decode().then(() => image.naturalWidth));
    assert(codeWidth >= 200, `the code is only ${codeWidth} px wide`);
    await waitForText('Dispositivos vinculados');
    await takeScreenshot('code');
  });

  await step('the countdown runs and the code rotates', async () => {
    const first = await code().getAttribute('src');
    const seconds = async () => Number(/(\d+) s/.exec(await page.getByRole('timer').textContent())?.[1]);
    const start = await seconds();
    assert(start > 0, `the countdown says ${start}`);
    await eventually('the countdown runs', async () => (await seconds()) < start);
    await eventually('another code is shown', async () => (await code().getAttribute('src')) !== first, 30_000);
  });

  await step('after the scan, the account is shown as connected', async () => {
    await standin.call('scan', {});
    await view('ready');
    const { me, pushname } = (await standin.state()).settings;
    const accountPhone = (await page.getByTestId('account-phone').textContent()).replace(/\D/g, '');
    assertEqual(accountPhone, me, 'the number of the account');
    assertEqual(await page.getByTestId('account-name').textContent(), pushname, 'the name of the account');
    assertEqual(await page.getByTestId('state').textContent(), 'Conectado', 'the state announced to screen readers');
    assertEqual(await page.title(), 'Conectado · LeadMaster', 'the title of the tab');
    await takeScreenshot('connected');
  });

  await step('send a test message', async () => {
    // A unique text, since the stand-in keeps the messages of earlier runs.
    const text = `Hola desde la prueba de las ${new Date().toISOString()}`;
    const sent = async () => (await standin.messages()).some((message) => message.body === text);
    const submit = button(config.dry_run ? 'Probar envío' : 'Enviar prueba');
    await page.getByLabel('Mensaje').fill(text);
    await submit.click();
    await waitForText('Escribí un número.');
    await page.getByLabel('Número de destino').fill('+54 9 11 4000-0001');
    await submit.click();
    if (config.dry_run) {
      await waitForText('Modo prueba');
      await waitForText('La prueba salió bien');
      await waitForText('le habría llegado a +54 9 11 4000-0001');
      assert(!(await sent()), 'a dry-run message reached WhatsApp');
    } else {
      await waitForText('WhatsApp recibió el mensaje.', LONG);
      await waitForText('Entregado ✓✓');
      assert(await sent(), `the message did not reach ${LEAD}`);
    }
    await page.getByTestId('send-outcome').scrollIntoViewIfNeeded();
    await takeScreenshot('send');
  });

  await step('show the details', async () => {
    await button('Detalles').click();
    await waitForText('Historial de estados');
    await waitForText('El teléfono aceptó la vinculación.');
    if (screenshotFolder) {
      // Otherwise, the fixed header would be in the middle of the screenshot.
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.screenshot({ path: join(screenshotFolder, 'details.png'), fullPage: true });
    }
    await button('Detalles').click();
  });

  await step('switch the language; a reload keeps it', async () => {
    await choose('English');
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    assertEqual(await page.evaluate(() => document.documentElement.lang), 'en', 'the language');
    await page.reload();
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    await takeScreenshot('english');
    await choose('Español');
    await page.getByRole('heading', { name: 'Conectado', exact: true }).waitFor();
  });

  await step('switch to the dark theme; a reload keeps it', async () => {
    const scheme = () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
    const brightness = () =>
      page.evaluate(() => {
        const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
        return (red + green + blue) / 3;
      });
    assert((await brightness()) > 200, 'the page is not light');
    await choose('Oscura');
    await eventually('the page is dark', async () => (await scheme()) === 'dark' && (await brightness()) < 60);
    await page.reload();
    await view('ready');
    assertEqual(await scheme(), 'dark', 'the scheme after a reload');
    await takeScreenshot('dark');
    await choose('Como el sistema');
    await eventually('the page is light', async () => (await scheme()) === 'light');
  });

  await step('phone layout, 360 px wide', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await assertNoSidewaysScroll('connected');
    await takeScreenshot('phone-connected');
    await button('Menú').click();
    await page.getByRole('navigation', { name: 'Secciones' }).getByText('WhatsApp').waitFor();
    await page.getByTestId('line-state').getByText('WhatsApp: conectado').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Secciones' }).waitFor({ state: 'hidden' });
    await page.getByRole('navigation', { name: 'Accesos' }).getByRole('button', { name: 'Más' }).click();
    await page.getByRole('navigation', { name: 'Secciones' }).waitFor();
    await takeScreenshot('phone-menu');
    await button('Menú').click();
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('the network is lost and restored', async () => {
    await standin.call('network', { up: false });
    await waitForText('Sin conexión con WhatsApp', LONG);
    await takeScreenshot('network-lost');
    await standin.call('network', { up: true });
    await view('ready');
  });

  await step('the hub is lost and restored', async () => {
    await proxy.cut();
    await waitForText('No hay conexión con el servidor, reintentando…');
    assert(await button('Enviar prueba').or(button('Probar envío')).isDisabled(), 'a test message can be sent without the hub');
    await takeScreenshot('hub-away');
    await proxy.restore();
    await page.getByText('No hay conexión con el servidor').waitFor({ state: 'detached' });
    await view('ready');
    await eventually('the event stream is connected again', () => page.getByText('Se actualiza cada pocos segundos').count().then((n) => n === 0));
  });

  await step('disconnect after a question; the phone stays linked', async () => {
    await answer('Pausar la conexión', '¿Pausar la conexión?', 'Pausar la conexión');
    await view('disconnected');
    await waitForText('El teléfono sigue vinculado');
    await button('Conectar').click();
    await page.locator('[data-view="ready"], [data-view="scan"]').waitFor({ timeout: LONG });
    await view('ready', 1_000);
  });

  await step('unlink after a question', async () => {
    await answer('Quitar este WhatsApp', '¿Quitar este WhatsApp?', 'Quitar este WhatsApp');
    await view('disconnected');
    await waitForText('Al conectar aparece un código nuevo');
    assertEqual((await standin.state()).devices?.length ?? 0, 0, 'devices on the phone');
    await takeScreenshot('unlinked');
  });

  await step('link by phone number, in the phone layout', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await button('Conectar').click();
    await view('scan');
    await code().waitFor();
    await assertNoSidewaysScroll('the code');
    await takeScreenshot('phone-code');
    await page.getByRole('tab', { name: 'Vincular con número' }).click();
    await button('Pedir código').click();
    await waitForText('Escribí un número.');
    await page.getByLabel('Número del teléfono').fill('15 5825-4201');
    await button('Pedir código').click();
    await waitForText('Falta el código de área');
    await page.getByLabel('Número del teléfono').fill(`+${before.me}`);
    await button('Pedir código').click();
    const output = page.getByTestId('pairing-code');
    await output.waitFor({ timeout: LONG });
    const pairing = (await output.textContent()).trim();
    assert(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(pairing), `the code looks like ${pairing}`);
    const time = (await page.getByTestId('pairing-time').textContent()).trim();
    assert(/^Se renueva en [23]:\d\d$/.test(time), `the expiry is shown as ${time}`);
    await output.scrollIntoViewIfNeeded();
    await assertNoSidewaysScroll('the pairing code');
    await takeScreenshot('phone-number');
    await standin.call('link-code', { code: pairing });
    await view('ready');
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('unlink from the phone', async () => {
    await standin.call('unlink', {});
    await view('disconnected');
    await waitForText('se desvinculó desde el teléfono');
  });

  await step('an unknown path', async () => {
    await page.goto(`${hub}/no-existe`);
    await page.getByRole('heading', { name: 'Esta página no existe' }).waitFor();
    await takeScreenshot('not-found');
    await page.getByRole('link', { name: 'Ir al inicio' }).click();
    await page.waitForURL(`${hub}/inicio`);
    await page.getByRole('main').getByText('WhatsApp está desvinculado: no entra ni sale nada.').first().waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'WhatsApp' }).click();
    await page.waitForURL(`${hub}/whatsapp`);
    await view('disconnected');
  });

  await step('no console errors or unexpected requests', () => {
    assert(pageErrors.length === 0, pageErrors.join('\n'));
  });
}

await run(
  test,
  async () => {
    if (screenshotFolder && page) await page.screenshot({ path: join(screenshotFolder, 'last.png') }).catch(() => {});
    await browser?.close();
    await proxy.cut();
    if (before) {
      const { first_code_ms, next_code_ms } = before;
      await standin.call('settings', { first_code_ms, next_code_ms });
    }
  },
  300_000,
);
