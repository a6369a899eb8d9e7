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
import { CHROME, CHROME_ARGS, assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { startProxy } from './page-line.mjs';

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
const standin = phone(`${PHONE.replace(/\/$/, '')}/`);
const pictures = process.env.SCREENSHOTS;

// The limit for slow steps, in ms: on a busy machine, Chrome starts slowly.
const LONG = 60_000;
const LEAD = '5491140000001';

let browser = null;
let context = null;
let page = null;
let before = null;
const complaints = [];

const view = (kind, timeout = LONG) => page.locator(`[data-view="${kind}"]`).waitFor({ timeout });
const button = (name) => page.getByRole('button', { name, exact: true });
const dialog = () => page.getByRole('dialog');
const says = (text, timeout = 10_000) => page.getByText(text).first().waitFor({ timeout });
/** Selects an option of a switch in the header by its label, because the radio input is hidden. */
const choose = (name) => page.getByRole('banner').locator('label', { hasText: name }).click();
const code = () => page.locator('[data-view="scan"] img');

async function picture(name) {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' });
}

async function noSidewaysScroll(where) {
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
  await eventually('the question is there', () =>
    dialog().evaluate((element) => getComputedStyle(element).opacity === '1'),
  );
  await picture(`question-${confirm.toLowerCase().replaceAll(' ', '-')}`);
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
  page.on('pageerror', (error) => complaints.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    // Chromium logs each failed request; the page itself shows those errors.
    const refused = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !refused) complaints.push(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    const { pathname } = new URL(response.url());
    const part = /\.\w+$/.test(pathname);
    if (part && !response.ok() && response.status() !== 304) {
      complaints.push(`${pathname} answered ${response.status()}`);
    }
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(hub).origin) complaints.push(`asked ${origin}`);
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
  if (pictures) mkdirSync(pictures, { recursive: true });
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
    equal(await page.evaluate(() => document.documentElement.lang), 'es', 'the language');
    await page.locator('[data-view="idle"], [data-view="disconnected"]').waitFor();
    await picture('disconnected');
  });

  await step('connecting shows the QR code', async () => {
    await standin.call('settings', { first_code_ms: 8_000, next_code_ms: 60_000 });
    await button('Conectar').click();
    await view('starting');
    await picture('starting');
    await view('scan');
    await code().waitFor();
    const codeWidth = await code().evaluate((image) => image.decode().then(() => image.naturalWidth));
    assert(codeWidth >= 200, `the code is ${codeWidth} px wide`);
    await says('Dispositivos vinculados');
    await picture('code');
  });

  await step('the countdown runs and the code rotates', async () => {
    const first = await code().getAttribute('src');
    const seconds = async () => Number(/(\d+) s/.exec(await page.getByRole('timer').textContent())?.[1]);
    const start = await seconds();
    assert(start > 0, `the countdown says ${start}`);
    await eventually('the countdown runs', async () => (await seconds()) < start);
    await eventually('another code', async () => (await code().getAttribute('src')) !== first, 30_000);
  });

  await step('after the scan, the account is shown as connected', async () => {
    await standin.call('scan', {});
    await view('ready');
    const { me, pushname } = (await standin.state()).settings;
    const accountPhone = (await page.getByTestId('account-phone').textContent()).replace(/\D/g, '');
    equal(accountPhone, me, 'the number');
    equal(await page.getByTestId('account-name').textContent(), pushname, 'the name');
    equal(await page.getByTestId('state').textContent(), 'Conectado', 'what is read out');
    equal(await page.title(), 'Conectado · LeadMaster', 'the tab');
    await picture('connected');
  });

  await step('send a test message', async () => {
    // A unique text, since the stand-in keeps the messages of earlier runs.
    const text = `Hola desde la prueba de las ${new Date().toISOString()}`;
    const sent = async () => (await standin.messages()).some((message) => message.body === text);
    const submit = button(config.dry_run ? 'Probar envío' : 'Enviar prueba');
    await page.getByLabel('Mensaje').fill(text);
    await submit.click();
    await says('Escribí un número.');
    await page.getByLabel('Número de destino').fill('+54 9 11 4000-0001');
    await submit.click();
    if (config.dry_run) {
      await says('Modo prueba');
      await says('La prueba salió bien');
      await says('le habría llegado a +54 9 11 4000-0001');
      assert(!(await sent()), 'a dry-run message reached WhatsApp');
    } else {
      await says('WhatsApp recibió el mensaje.', LONG);
      await says('Entregado ✓✓');
      assert(await sent(), `nothing reached ${LEAD}`);
    }
    await page.getByTestId('send-outcome').scrollIntoViewIfNeeded();
    await picture('send');
  });

  await step('show the details', async () => {
    await button('Detalles').click();
    await says('Historial de estados');
    await says('El teléfono aceptó la vinculación.');
    if (pictures) {
      // Otherwise, the fixed header would be in the middle of the screenshot.
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.screenshot({ path: join(pictures, 'details.png'), fullPage: true });
    }
    await button('Detalles').click();
  });

  await step('switch the language; a reload keeps it', async () => {
    await choose('English');
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    equal(await page.evaluate(() => document.documentElement.lang), 'en', 'the language');
    await page.reload();
    await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    await picture('english');
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
    assert((await brightness()) > 200, 'the page is bright');
    await choose('Oscura');
    await eventually('the page is dark', async () => (await scheme()) === 'dark' && (await brightness()) < 60);
    await page.reload();
    await view('ready');
    equal(await scheme(), 'dark', 'the scheme after a reload');
    await picture('dark');
    await choose('Como el sistema');
    await eventually('the page is bright', async () => (await scheme()) === 'light');
  });

  await step('phone layout, 360 px wide', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await noSidewaysScroll('connected');
    await picture('phone-connected');
    await button('Menú').click();
    await page.getByRole('navigation', { name: 'Secciones' }).getByText('WhatsApp').waitFor();
    await page.getByTestId('line-state').getByText('WhatsApp: conectado').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Secciones' }).waitFor({ state: 'hidden' });
    await page.getByRole('navigation', { name: 'Accesos' }).getByRole('button', { name: 'Más' }).click();
    await page.getByRole('navigation', { name: 'Secciones' }).waitFor();
    await picture('phone-menu');
    await button('Menú').click();
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('the network is lost and restored', async () => {
    await standin.call('network', { up: false });
    await says('Sin conexión con WhatsApp', LONG);
    await picture('network-lost');
    await standin.call('network', { up: true });
    await view('ready');
  });

  await step('the hub is lost and restored', async () => {
    await proxy.cut();
    await says('No hay conexión con el servidor, reintentando…');
    assert(await button('Enviar prueba').or(button('Probar envío')).isDisabled(), 'nothing can be sent');
    await picture('hub-away');
    await proxy.restore();
    await page.getByText('No hay conexión con el servidor').waitFor({ state: 'detached' });
    await view('ready');
    await eventually('the stream is back', () => page.getByText('Se actualiza cada pocos segundos').count().then((n) => n === 0));
  });

  await step('disconnect after a question; the phone stays linked', async () => {
    await answer('Pausar la conexión', '¿Pausar la conexión?', 'Pausar la conexión');
    await view('disconnected');
    await says('El teléfono sigue vinculado');
    await button('Conectar').click();
    await page.locator('[data-view="ready"], [data-view="scan"]').waitFor({ timeout: LONG });
    await view('ready', 1_000);
  });

  await step('unlink after a question', async () => {
    await answer('Quitar este WhatsApp', '¿Quitar este WhatsApp?', 'Quitar este WhatsApp');
    await view('disconnected');
    await says('Al conectar aparece un código nuevo');
    equal((await standin.state()).devices?.length ?? 0, 0, 'devices left on the phone');
    await picture('unlinked');
  });

  await step('link by phone number, in the phone layout', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await button('Conectar').click();
    await view('scan');
    await code().waitFor();
    await noSidewaysScroll('the code');
    await picture('phone-code');
    await page.getByRole('tab', { name: 'Vincular con número' }).click();
    await button('Pedir código').click();
    await says('Escribí un número.');
    await page.getByLabel('Número del teléfono').fill('15 5825-4201');
    await button('Pedir código').click();
    await says('Falta el código de área');
    await page.getByLabel('Número del teléfono').fill(`+${before.me}`);
    await button('Pedir código').click();
    const output = page.getByTestId('pairing-code');
    await output.waitFor({ timeout: LONG });
    const pairing = (await output.textContent()).trim();
    assert(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(pairing), `the code looks like ${pairing}`);
    const time = (await page.getByTestId('pairing-time').textContent()).trim();
    assert(/^Se renueva en [23]:\d\d$/.test(time), `how long it is good: ${time}`);
    await output.scrollIntoViewIfNeeded();
    await noSidewaysScroll('the pairing code');
    await picture('phone-number');
    await standin.call('link-code', { code: pairing });
    await view('ready');
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('unlink from the phone', async () => {
    await standin.call('unlink', {});
    await view('disconnected');
    await says('se desvinculó desde el teléfono');
  });

  await step('an unknown path', async () => {
    await page.goto(`${hub}/no-existe`);
    await page.getByRole('heading', { name: 'Esta página no existe' }).waitFor();
    await picture('not-found');
    await page.getByRole('link', { name: 'Ir al inicio' }).click();
    await page.waitForURL(`${hub}/inicio`);
    await page.getByRole('main').getByText('WhatsApp está desvinculado: no entra ni sale nada.').first().waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'WhatsApp' }).click();
    await page.waitForURL(`${hub}/whatsapp`);
    await view('disconnected');
  });

  await step('no console errors or unexpected requests', () => {
    assert(complaints.length === 0, complaints.join('\n'));
  });
}

await run(
  test,
  async () => {
    if (pictures && page) await page.screenshot({ path: join(pictures, 'last.png') }).catch(() => {});
    await browser?.close();
    await proxy.cut();
    if (before) {
      const { first_code_ms, next_code_ms } = before;
      await standin.call('settings', { first_code_ms, next_code_ms });
    }
  },
  300_000,
);
