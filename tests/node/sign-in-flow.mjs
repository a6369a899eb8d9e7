// Tests signing in and out on the hub's page in Chromium: wrong and right passwords, a session that
// ends while the page is open, a second tab, and the limits of a business user.
//
//   HUB_URL=… ADMIN_PASSWORD=… node sign-in-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, assert, assertEqual, eventually, run, step } from './lib/flow.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… node sign-in-flow.mjs');
  process.exit(2);
}

const LONG = 60_000;
const NEW_PASSWORD = 'otra contraseña, más larga';

let browser = null;
let page = null;
const pageErrors = [];

const button = (name) => page.getByRole('button', { name, exact: true });
const waitForText = (text, timeout = LONG) => page.getByText(text).first().waitFor({ timeout });
const signInView = () => page.locator('[data-view="sign-in"]');
const inside = () => page.getByRole('heading', { name: 'WhatsApp', level: 1 }).waitFor({ timeout: LONG });

async function takeScreenshot(name) {
  if (screenshotFolder) await page.screenshot({ path: join(screenshotFolder, `${name}.png`), animations: 'disabled' });
}

async function submitSignIn(user, secret) {
  await page.getByLabel('Usuario').fill(user);
  await page.getByLabel('Contraseña', { exact: true }).fill(secret);
  await button('Entrar').click();
}

/** Calls the hub's API as the administrator, whose password the test changes. */
async function api(path, method, body, secret = password) {
  const authorization = `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`;
  const response = await fetch(`${hub}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  assert(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

async function test() {
  if (screenshotFolder) mkdirSync(screenshotFolder, { recursive: true });
  browser = await chromium.launch({ executablePath: CHROME, args: CHROME_ARGS });
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    colorScheme: 'light',
    locale: 'es-AR',
  });
  page = await context.newPage();
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  page.on('pageerror', (error) => pageErrors.push(`page error: ${error.stack ?? error}`));
  page.on('dialog', (dialog) => pageErrors.push(`the browser asked: ${dialog.message()}`));

  await step('no data is requested before the sign-in', async () => {
    await page.goto(`${hub}/whatsapp`);
    await signInView().waitFor({ timeout: LONG });
    assertEqual(await page.title(), 'Iniciar sesión · LeadMaster', 'the title of the tab');
    await waitForText('El primero es «admin».');
    await waitForText('¿Olvidaste la contraseña?');
    const api = requested.filter((path) => path.startsWith('/api/'));
    assertEqual([...new Set(api)].join(), '/api/auth/me', 'requests before the sign-in');
    await takeScreenshot('sign-in');
  });

  await step('empty fields and a wrong password', async () => {
    await button('Entrar').click();
    await waitForText('Escribí tu usuario.');
    await submitSignIn('admin', 'equivocada');
    await waitForText('El usuario o la contraseña no son correctos.');
    assertEqual(await page.getByLabel('Contraseña', { exact: true }).inputValue(), '', 'the password field after a refusal');
    await takeScreenshot('wrong');
  });

  await step('the right password opens the requested screen; a reload keeps the session', async () => {
    await submitSignIn('admin', password);
    await inside();
    assertEqual(new URL(page.url()).pathname, '/whatsapp', 'the path after the sign-in');
    assertEqual(await page.getByTestId('user-name').textContent(), 'admin', 'the name of the user');
    await takeScreenshot('inside');
    await page.reload();
    await inside();
    const cookies = await context.cookies();
    const [cookie] = cookies;
    assert(cookies.length === 1 && cookie.httpOnly && cookie.sameSite === 'Strict', JSON.stringify(cookies));
    assertEqual(await page.evaluate(() => document.cookie), '', 'cookies that a script sees');
    assertEqual(await page.evaluate(() => Object.keys(localStorage).join()), '', 'data in the browser’s storage');
  });

  await step('a sign-in in another tab does not break this one', async () => {
    const status = await page.evaluate(async (secret) => {
      const response = await fetch('/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'admin', password: secret }),
      });
      return response.status;
    }, password);
    assertEqual(status, 200, 'the user in the other tab');
    await button('Cerrar sesión').click();
    await signInView().waitFor();
    assert(await page.getByText('La sesión terminó').isHidden(), 'the session has ended');
    assertEqual((await context.cookies()).length, 0, 'cookies');
  });

  await step('an ended session shows the sign-in, and then the same screen', async () => {
    await submitSignIn('admin', password);
    await inside();
    await page.evaluate(() => window.history.pushState(null, '', '/whatsapp?aqui=1'));
    const { users } = await api('/api/users', 'GET');
    const { id } = users.find((user) => user.username === 'admin');
    await api(`/api/users/${id}`, 'PUT', { password: NEW_PASSWORD });
    await waitForText('La sesión terminó.');
    await takeScreenshot('expired');
    await submitSignIn('admin', NEW_PASSWORD);
    await inside();
    assertEqual(new URL(page.url()).search, '?aqui=1', 'the path after the second sign-in');
    await button('Cerrar sesión').click();
    await signInView().waitFor();
  });

  await step('a business user only uses its own routes', async () => {
    const body = { username: 'ana', password: 'la contraseña de ana', role: 'cliente', cliente_id: 51 };
    await api('/api/users', 'POST', body, NEW_PASSWORD);
    requested.length = 0;
    await submitSignIn('Ana', body.password);
    await inside();
    await page.getByTestId('user-name').waitFor();
    await eventually('the user’s own route is requested', () => requested.includes('/api/whatsapp/51/session'));
    assert(!requested.some((path) => path.startsWith('/api/admin/')), requested.join(' '));
    await takeScreenshot('cliente');
    const status = await page.evaluate(() => fetch('/api/users').then((response) => response.status));
    assertEqual(status, 403, 'requests for the users');
    await button('Cerrar sesión').click();
    await signInView().waitFor();
  });

  await step('phone layout, in English and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByRole('banner').locator('label', { hasText: 'English' }).click();
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await page.getByRole('banner').locator('label', { hasText: 'Dark' }).click();
    await eventually('nothing is wider than the window', () =>
      page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
    );
    await takeScreenshot('phone');
  });

  await step('too many failed attempts', async () => {
    const user = page.getByLabel('User name');
    const secret = page.getByLabel('Password', { exact: true });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await user.fill('admin');
      await secret.fill(`no ${attempt}`);
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/auth/login'));
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await answered;
    }
    await waitForText('Too many failed attempts');
    await takeScreenshot('too-many');
  });

  await step('no console errors', () => assert(pageErrors.length === 0, pageErrors.join('\n')));
}

await run(
  test,
  async () => {
    if (screenshotFolder && page) await page.screenshot({ path: join(screenshotFolder, 'last.png') }).catch(() => {});
    await browser?.close();
  },
  240_000,
);
