// Audits the accessibility of every screen of the hub's page with Lighthouse: on a phone in the
// light theme, and on a desktop in the dark theme. Every screen has some data.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node lighthouse-flow.mjs
//
// The hub runs with WEBHOOK_ALLOWED_HOSTS=127.0.0.1. WANTED is the minimum score of each screen;
// the default is 95.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { snapshot } from 'lighthouse';
import puppeteer from 'puppeteer-core';

import { CHROME, CHROME_ARGS, assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, WANTED = '95' } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node lighthouse-flow.mjs');
  process.exit(2);
}

const ANA = '5491158254201';
const DEVICES = [
  { device: 'phone, light', scheme: 'light', formFactor: 'mobile', viewport: { width: 360, height: 740, isMobile: true, hasTouch: true } },
  { device: 'desk, dark', scheme: 'dark', formFactor: 'desktop', viewport: { width: 1350, height: 940 } },
];

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
let browser = null;
const results = [];

async function api(path, body) {
  const response = await fetch(`${hub}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  assert(response.ok, `${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** Creates data for every screen, so that none is audited empty. Returns the paths to audit. */
async function fill() {
  const destinatarios = Array.from({ length: 60 }, (_, n) => ({ destinatario: `549114000${String(n).padStart(4, '0')}`, nombre: `Ana ${n}` }));
  const { id } = await api('/api/sender/campaigns', { nombre: 'Marzo', mensaje: 'Hola {nombre}', cliente_id: 51, destinatarios });
  await api('/api/sender/programaciones', {
    campania_id: id, dias_semana: ['mon', 'wed', 'fri'], hora_inicio: '09:00', hora_fin: '18:00', cupo_diario: 40,
  });
  const mensajes = Array.from({ length: 60 }, (_, n) => ({ destinatario: ANA, mensaje: `aviso ${n}`, cliente_id: 51 }));
  await api('/api/sender/messages/bulk', { mensajes });
  await api('/api/sender/bajas', { telefono: '5491158254299', motivo: 'llamó por teléfono' });
  await api('/api/users', { username: 'ana', password: 'la contraseña de ana', role: 'cliente', cliente_id: 51 });
  await api('/api/tokens', { name: 'cron', scopes: ['read'] });
  const webhook = await api('/api/webhooks', { url: 'http://127.0.0.1:9/wa', eventos: ['message'], descripcion: 'El CRM' });
  await standin.leadMessage({ from: ANA, body: '¿Cuánto sale?' });
  await eventually('the message arrives', async () => (await api(`/api/listener/history/${ANA}`)).mensajes.some((message) => message.mensaje === '¿Cuánto sale?'));
  await eventually('the delivery arrives', async () => (await api(`/api/webhooks/${webhook.id}/deliveries`)).entregas.length > 0);
  return [
    'inicio', 'campanas', 'campanas/nueva', `campanas/${id}`, 'programacion', 'conversaciones', `conversaciones/${ANA}`, 'conversaciones/respuestas-rapidas',
    'contactos', 'mensajes', 'bajas', 'whatsapp', 'integraciones', `integraciones/${webhook.id}`, 'usuarios', 'ajustes', 'ayuda', 'nada',
  ];
}

async function auditScreen(page, path) {
  for (const { device, scheme, formFactor, viewport } of DEVICES) {
    await page.setViewport(viewport);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    // Wait until the screen has loaded its data.
    await page.goto(`${hub}/${path}`, { waitUntil: 'networkidle2' });
    await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy="true"]'));
    results.push({ path, device, ...(await score(page, formFactor)) });
    assertEqual(new URL(page.url()).pathname, `/${path}`, 'the audited screen');
  }
}

async function score(page, formFactor) {
  const flags = {
    onlyCategories: ['accessibility'],
    disableFullPageScreenshot: true,
    logLevel: 'error',
    formFactor,
    screenEmulation: { disabled: true },
  };
  const { lhr } = await snapshot(page, { flags });
  assert(!lhr.runtimeError, JSON.stringify(lhr.runtimeError));
  const { score: total, auditRefs } = lhr.categories.accessibility;
  const audits = auditRefs.map(({ id }) => lhr.audits[id]);
  const faults = audits
    .filter((audit) => audit.score === 0)
    .map(({ id, details }) => `${id}: ${(details?.items ?? []).map((item) => item.node?.snippet ?? '').join(' ')}`);
  return { score: Math.round(total * 100), faults };
}

async function test() {
  const profile = mkdtempSync(join(tmpdir(), 'lighthouse-'));
  browser = await puppeteer.launch({ executablePath: CHROME, args: CHROME_ARGS, userDataDir: profile });
  const [page] = await browser.pages();
  const paths = await fill();

  await step('audit the sign-in screen', () => auditScreen(page, 'inicio'));
  results.forEach((audit) => { audit.path = 'sign-in'; });
  await step('sign in', async () => {
    await page.goto(`${hub}/inicio`);
    // The form appears only after the page has loaded.
    await page.waitForSelector('input[autocomplete="username"]');
    await page.type('input[autocomplete="username"]', 'admin');
    await page.type('input[autocomplete="current-password"]', password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-testid="user-name"]');
  });
  for (const path of paths) await step(`/${path}`, () => auditScreen(page, path));
  await step('Lighthouse finds faults in a bad page', async () => {
    await page.evaluate(() => {
      document.querySelector('main').innerHTML = '<button></button><img src="/icon.svg"><input type="text">';
    });
    const { score: poor, faults } = await score(page, 'desktop');
    assert(poor < 95 && faults.length >= 3, `${poor}: ${faults.join()}`);
  });

  for (const { path, device, score, faults } of results) {
    console.log(`${String(score).padStart(3)} ${path} (${device})${faults.map((fault) => `\n      ${fault}`).join('')}`);
  }
  const lowest = Math.min(...results.map(({ score }) => score));
  console.log(`${results.length} audits, the lowest score ${lowest}`);
  assert(lowest >= Number(WANTED), `${lowest} is less than ${WANTED}`);
}

await run(test, async () => browser?.close(), 400_000);
