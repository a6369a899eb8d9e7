// Tests the API documentation pages of both services in Chromium: they list every operation, load
// nothing from other hosts, and can execute a request.
//
//   HUB_URL=… MANAGER_URL=… node api-flow.mjs
//
// Both services run without a password. With SCREENSHOTS=<folder> a screenshot of both pages is
// saved.
import { assert, assertEqual, eventually, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, MANAGER_URL: manager, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !manager) {
  console.error('usage: HUB_URL=… MANAGER_URL=… node api-flow.mjs');
  process.exit(2);
}

const visitor = createVisitor({ hub, screenshotFolder });

async function checkOperations(page, name, url) {
  const requested = [];
  page.on('request', (request) => requested.push(request.url()));
  const response = await page.goto(`${url}/docs`);
  assert(response.headers()['content-security-policy'].includes("script-src 'self';"), 'the response has no content security policy');
  const api = await (await fetch(`${url}/openapi.json`)).json();
  const operations = Object.values(api.paths).flatMap((item) => Object.values(item));
  assertEqual(operations.filter(({ tags }) => tags.length !== 1).length, 0, 'operations without exactly one tag');
  await page.getByRole('heading', { name: new RegExp(`^${name}`) }).waitFor();
  for (const { name: tag } of api.tags) {
    const section = await openTag(page, tag);
    const count = operations.filter(({ tags }) => tags[0] === tag).length;
    await eventually(
      `the operations of ${tag}`,
      async () => (await section.locator('.opblock').count()) === count,
    );
    await section.locator('.opblock-tag').click();
  }
  const foreign = requested.filter((address) => !address.startsWith(url) && !address.startsWith('data:'));
  assertEqual(foreign.join(' '), '', 'requests to other hosts');
}

/** Opens the operations of a tag, and returns their section. */
async function openTag(page, tag) {
  const heading = page.locator(`.opblock-tag[data-tag="${tag}"]`);
  await heading.click();
  return page.locator('.opblock-tag-section', { has: heading });
}

async function execute(page, tag, path) {
  await openTag(page, tag);
  const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) }).first();
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
}

run(async () => {
  const page = await visitor.open();
  await step('session-manager', async () => {
    await checkOperations(page, 'session-manager', manager);
    await execute(page, 'session', '/status');
    await visitor.takeScreenshot('api-session-manager');
  });
  await step('central-hub', async () => {
    await checkOperations(page, 'central-hub', hub);
    await execute(page, 'service', '/api/overview');
    await visitor.takeScreenshot('api-central-hub');
  });
  visitor.assertNoPageErrors();
}, visitor.close);
