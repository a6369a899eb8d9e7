// Acts as a user at a browser with DevTools' virtual authenticator, for tests in Rust: reads one
// command per line (JSON) from standard input, and writes one answer per line to standard output.
//
//   WHATSAPP=127.0.0.1:<TLS> node passkey-browser.mjs      in a new browser
//   DEVTOOLS=http://127.0.0.1:<port> node passkey-browser.mjs      in the page that is open in that browser
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { CHROME, CHROME_ARGS, USER_AGENT, eventually } from './lib/flow.mjs';

const { WHATSAPP, DEVTOOLS } = process.env;
/** An address on WhatsApp's site that does not start the client, and so shows no code. */
const PLAIN_PAGE = 'https://web.whatsapp.com/app/app.css';

async function open() {
  if (DEVTOOLS) {
    const browser = await chromium.connectOverCDP(DEVTOOLS);
    const context = browser.contexts()[0];
    const isWhatsApp = (page) => page.url().startsWith('https://web.whatsapp.com/');
    const page = await eventually('WhatsApp’s page', () => context.pages().find(isWhatsApp), 60_000);
    return { context, page, close: () => browser.close() };
  }
  const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'passkey-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROME,
    userAgent: USER_AGENT,
    args: [
      ...CHROME_ARGS,
      `--host-resolver-rules=MAP web.whatsapp.com:443 ${WHATSAPP}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
      '--ignore-certificate-errors',
    ],
  });
  const page = await context.newPage();
  await page.goto(PLAIN_PAGE);
  return { context, page, close: () => context.close() };
}

const { context, page, close } = await open();
const cdp = await context.newCDPSession(page);
await cdp.send('WebAuthn.enable');
const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
  options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true,
  },
});

const commands = {
  create_passkey: () => page.evaluate(async () => {
    const created = await navigator.credentials.create({
      publicKey: {
        rp: { id: 'whatsapp.com', name: 'WhatsApp' },
        // A random id: the authenticator keeps one passkey per account.
        user: { id: crypto.getRandomValues(new Uint8Array(16)), name: 'owner', displayName: 'owner' },
        challenge: new Uint8Array(32),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      },
    });
    const bytes = new Uint8Array(created.response.getPublicKey());
    const key = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    return { credential_id: created.id, public_key: key };
  }),

  sign_request: ({ public_key: options }) => page.evaluate(async (json) => {
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
      return (await navigator.credentials.get({ publicKey })).toJSON();
    } catch (error) {
      return { error: error.name };
    }
  }, options),

  set_user_verified: ({ is_verified: isUserVerified }) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  press: ({ test_id }) => page.getByTestId(test_id).click({ timeout: 60_000 }),
  root_attribute: async ({ name }) => ({ value: await page.locator('html').getAttribute(name) }),
};

const writeAnswer = (answer) => process.stdout.write(`${JSON.stringify(answer ?? {})}\n`);
writeAnswer();
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  writeAnswer(await commands[command.do](command));
}
await close();
process.exit(0);
