// Tests the alerts on the hub's page in Chromium: the button in the settings sends a test alert by
// mail and to the webhook.
//
//   HUB_URL=… ADMIN_PASSWORD=… MAIL_TO=… WEBHOOK_ORIGIN=… node alerts-flow.mjs
//
// Nothing listens at WEBHOOK_ORIGIN. With SCREENSHOTS=<folder> a screenshot of every screen is
// saved.
import { equal, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, MAIL_TO, WEBHOOK_ORIGIN, SCREENSHOTS: pictures } = process.env;
if (!hub || !password || !MAIL_TO || !WEBHOOK_ORIGIN) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… MAIL_TO=… WEBHOOK_ORIGIN=… node alerts-flow.mjs');
  process.exit(2);
}

const visitor = visit({ hub, password, pictures });
const { button, enter, picture, says } = visitor;

async function test() {
  const page = await visitor.open();

  await step('the settings show who receives alerts', async () => {
    await page.goto(`${hub}/ajustes`);
    await enter('admin', password);
    await says(`Correo: ${MAIL_TO}; Integración: ${WEBHOOK_ORIGIN}`);
  });

  await step('the button sends a test alert to each target and shows the results', async () => {
    await button('Mandar un aviso de prueba').click();
    await says(`La prueba salió. Correo: ${MAIL_TO}`);
    await says(`La prueba no llegó. Integración: ${WEBHOOK_ORIGIN}`);
    await picture('alerts-tested');
  });

  await step('no alert other than the test was sent', async () => {
    const { told } = await visitor.api('/api/alerts');
    equal(told.length, 0, 'notices');
  });

  await step('no console errors', visitor.noComplaints);
}

await run(test, visitor.close, 120_000);
