// The pages on which the API of either service is read and tried, in Chromium:
// everything is on them, nothing is asked of anybody else, and a request made on
// the page comes back with its answer.
//
//   HUB_URL=… MANAGER_URL=… node api-flow.mjs
//
// Both without a password. With SCREENSHOTS=<folder> both are kept as a picture.
import { assert, equal, eventually, run, step } from './lib/peer.mjs';
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
  const operations = Object.values(api.paths).flatMap((item) => Object.values(item));
  equal(operations.filter(({ tags }) => tags.length !== 1).length, 0, 'operations without a subject');
  await page.getByRole('heading', { name: new RegExp(`^${name}`) }).waitFor();
  for (const { name: tag } of api.tags) {
    const section = await subject(page, tag);
    const count = operations.filter(({ tags }) => tags[0] === tag).length;
    await eventually(
      `the operations of ${tag}`,
      async () => (await section.locator('.opblock').count()) === count,
    );
    await section.locator('.opblock-tag').click();
  }
  const elsewhere = asked.filter((one) => !one.startsWith(url) && !one.startsWith('data:'));
  equal(elsewhere.join(' '), '', 'what was asked of others');
}

/** Opens the operations of a subject. */
async function subject(page, tag) {
  const heading = page.locator(`.opblock-tag[data-tag="${tag}"]`);
  await heading.click();
  return page.locator('.opblock-tag-section', { has: heading });
}

async function tries(page, tag, path) {
  await subject(page, tag);
  const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) }).first();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
}

run(async () => {
  const page = await visitor.open();
  await step('session-manager', async () => {
    await reads(page, 'session-manager', manager);
    await tries(page, 'session', '/status');
    await visitor.picture('api-session-manager');
  });
  await step('central-hub', async () => {
    await reads(page, 'central-hub', hub);
    await tries(page, 'service', '/api/overview');
    await visitor.picture('api-central-hub');
  });
  visitor.noComplaints();
}, visitor.close);
