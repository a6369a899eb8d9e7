// Tests the passkey ceremony on the hub's page in Chromium with a virtual authenticator: by hand
// with the browser's console; with an answer that WhatsApp refuses; and with the extension. Here
// https://web.whatsapp.com is the stand-in, because the name is mapped to loopback.
//
//   HUB_URL=… PHONE_URL=… WHATSAPP=127.0.0.1:<TLS> node passkey-flow.mjs
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';

const { HUB_URL: HUB, PHONE_URL, WHATSAPP } = process.env;
const SITE = 'https://web.whatsapp.com/';
const EXTENSION = fileURLToPath(new URL('../../deploy/passkey', import.meta.url));
const LONG = 60_000;
const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);

let context = null;
let hub = null;
/** The account's passkey, which later authenticators are given. */
let accountCredential = null;

const view = (kind) => hub.locator(`[data-view="${kind}"]`).waitFor({ timeout: LONG });
const button = (name) => hub.getByRole('button', { name, exact: true });

/** Adds a virtual authenticator to a page, with the passkey `credential` if it is given. */
async function addAuthenticator(page, credential) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  if (credential) await cdp.send('WebAuthn.addCredential', { authenticatorId, credential });
  return { cdp, authenticatorId };
}

/** Creates a passkey on WhatsApp's page. Returns its public key, and the credential itself. */
async function register() {
  const page = await context.newPage();
  const { cdp, authenticatorId } = await addAuthenticator(page);
  await page.goto(SITE);
  const passkey = await page.evaluate(async () => {
    const created = await navigator.credentials.create({
      publicKey: {
        rp: { id: 'whatsapp.com', name: 'WhatsApp' },
        user: { id: new Uint8Array([1, 2, 3]), name: 'owner', displayName: 'owner' },
        challenge: new Uint8Array(32),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      },
    });
    const bytes = new Uint8Array(created.response.getPublicKey());
    const key = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    return { credential_id: created.id, public_key: key };
  });
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  await page.close();
  return { passkey, credential: { ...credentials[0], signCount: 1 } };
}

/** Scans the code, and waits until WhatsApp asks for the passkey. */
async function scanUntilPasskey() {
  await view('scan');
  await eventually('the phone scans the code', () => standin.call('scan', {}).catch(() => null), LONG);
  await view('passkey');
  await hub.getByTestId('passkey-time').waitFor();
}

/** Runs the line that the hub's page shows in WhatsApp's console. Returns the printed answer. */
async function printedAnswer(credential) {
  const line = await hub.getByTestId('passkey-snippet').textContent();
  const page = await context.newPage();
  await addAuthenticator(page, credential);
  await page.goto(SITE);
  const printing = page.waitForEvent('console', (message) => message.text().startsWith('{"'));
  await page.evaluate(line);
  const text = (await printing).text();
  await page.close();
  await hub.bringToFront();
  return text;
}

async function paste(text) {
  await hub.getByLabel('La respuesta').fill(text);
  await button('Enviar la respuesta').click();
}

await run(async () => {
  await step('start Chromium with the extension', async () => {
    context = await chromium.launchPersistentContext(mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'passkey-')), {
      executablePath: CHROME,
      locale: 'es-AR',
      ignoreDefaultArgs: ['--disable-extensions', '--disable-component-extensions-with-background-pages'],
      args: [
        ...CHROME_ARGS,
        `--disable-extensions-except=${EXTENSION}`,
        `--load-extension=${EXTENSION}`,
        `--host-resolver-rules=MAP web.whatsapp.com:443 ${WHATSAPP}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
        // No trusted issuer signed the certificate, and a page with an invalid one has no passkeys.
        '--ignore-certificate-errors',
      ],
    });
    hub = await context.newPage();
  });

  await step('register a passkey for the account', async () => {
    const { passkey, credential } = await register();
    await standin.call('passkeys', passkey);
    accountCredential = credential;
  });

  await step('WhatsApp asks for the passkey after the scan', async () => {
    await hub.goto(`${HUB}/whatsapp`);
    await button('Conectar').click();
    await scanUntilPasskey();
  });

  await step('by hand: an invalid answer is not sent', async () => {
    await hub.getByRole('button', { name: 'En este navegador, a mano' }).click();
    await paste('undefined');
    await hub.getByText('Eso no es la respuesta').waitFor();
  });

  await step("by hand: the page's line in WhatsApp's console", async () => {
    await paste(await printedAnswer(accountCredential));
    await view('ready');
    const refusals = await standin.call('passkey-refusals');
    assertEqual(refusals.length, 0, 'refusals of WhatsApp');
  });

  await step('unlink, and WhatsApp asks for the passkey again', async () => {
    await standin.call('unlink', {});
    await view('disconnected');
    await button('Conectar').click();
    await scanUntilPasskey();
  });

  await step('WhatsApp refuses the passkey of another account', async () => {
    const { credential } = await register();
    await hub.getByRole('button', { name: 'En este navegador, a mano' }).click();
    await paste(await printedAnswer(credential));
    await hub.getByText('WhatsApp no aceptó la respuesta').waitFor({ timeout: LONG });
    assertEqual((await standin.call('passkey-refusals')).at(-1), 'passkey_unknown', 'the last refusal');
  });

  await step("with the extension: answer on WhatsApp's page", async () => {
    await hub.getByRole('button', { name: 'En este navegador, con la extensión' }).click();
    const opened = context.waitForEvent('page');
    await button('Usar mi llave de acceso').click();
    const page = await opened;
    await addAuthenticator(page, { ...accountCredential, signCount: 5 });
    const question = page.locator('#leadmaster-passkey');
    await question.getByText(new URL(HUB).origin).waitFor({ timeout: LONG });
    await question.getByRole('button').first().click();
    await page.waitForEvent('close', { timeout: LONG }).catch(() => assert(page.isClosed(), 'the tab is closed'));
  });

  await step('compare the verification code; the phone is linked', async () => {
    const code = hub.getByTestId('verification-code');
    await code.waitFor({ timeout: LONG });
    assert(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(await code.textContent()), 'the verification code has another format');
    await button('El teléfono muestra el mismo').click();
    await view('ready');
  });
}, async () => context?.close(), 250_000);
