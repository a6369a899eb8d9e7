// The pages on which the API of either service is read and tried, in Chromium:
// everything is on them, nothing is asked of anybody else, and a request made on
// the page comes back with its answer.
//
//   HUB_URL=… MANAGER_URL=… node api-flow.mjs
//
// Both without a password. With SCREENSHOTS=<folder> both are kept as a picture.
import { assert, equal, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, MANAGER_URL: manager, SCREENSHOTS: pictures } = process.env;
if (!hub || !manager) {
  console.error('usage: HUB_URL=… MANAGER_URL=… node api-flow.mjs');
  process.exit(2);
}

const visitor = visit({ hub, pictures });

async function reads(page, name, url) {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  const response = await page.goto(`${url}/docs`);
  assert(response.headers()['content-security-policy'].includes("script-src 'self';"), 'no policy');
  const api = await (await fetch(`${url}/openapi.json`)).json();
  const count = Object.values(api.paths).flatMap((item) => Object.keys(item)).length;
  await page.getByRole('heading', { name: new RegExp(`^${name}`) }).waitFor();
  await page.waitForFunction((count) => document.querySelectorAll('.opblock').length === count, count);
  const elsewhere = asked.filter((one) => !one.startsWith(url) && !one.startsWith('data:'));
  equal(elsewhere.join(' '), '', 'what was asked of others');
}

async function tries(page, path) {
  const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) }).first();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
}

run(async () => {
  const page = await visitor.open();
  await step('session-manager', async () => {
    await reads(page, 'session-manager', manager);
    await tries(page, '/status');
    await visitor.picture('api-session-manager');
  });
  await step('central-hub', async () => {
    await reads(page, 'central-hub', hub);
    await tries(page, '/api/overview');
    await visitor.picture('api-central-hub');
  });
  visitor.noComplaints();
}, visitor.close);
