// Tests the alerts on the hub's page in Chromium: the button in the settings sends a test alert by
// mail and to the webhook.
//
//   HUB_URL=… ADMIN_PASSWORD=… MAIL_TO=… WEBHOOK_ORIGIN=… node alerts-flow.mjs
//
// Nothing listens at WEBHOOK_ORIGIN. With SCREENSHOTS=<folder> a screenshot of every screen is
// saved.
import { assertEqual, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, MAIL_TO, WEBHOOK_ORIGIN, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !MAIL_TO || !WEBHOOK_ORIGIN) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… MAIL_TO=… WEBHOOK_ORIGIN=… node alerts-flow.mjs');
  process.exit(2);
}

const visitor = createVisitor({ hub, password, screenshotFolder });
const { button, signIn, takeScreenshot, waitForText } = visitor;

async function test() {
  const page = await visitor.open();

  await step('the settings show who receives alerts', async () => {
    await page.goto(`${hub}/ajustes`);
    await signIn('admin', password);
    await waitForText(`Correo: ${MAIL_TO}; Integración: ${WEBHOOK_ORIGIN}`);
  });

  await step('the button sends a test alert to each target and shows the results', async () => {
    await button('Mandar un aviso de prueba').click();
    await waitForText(`La prueba salió. Correo: ${MAIL_TO}`);
    await waitForText(`La prueba no llegó. Integración: ${WEBHOOK_ORIGIN}`);
    await takeScreenshot('alerts-tested');
  });

  await step('no alert other than the test was sent', async () => {
    const { told } = await visitor.api('/api/alerts');
    assertEqual(told.length, 0, 'sent alerts');
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, visitor.close, 120_000);
