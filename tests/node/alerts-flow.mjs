// Whether alerts arrive, in Chromium: an administrator tries each way by the button in
// the settings.
//
//   HUB_URL=… ADMIN_PASSWORD=… MAIL_TO=… WEBHOOK_ORIGIN=… node alerts-flow.mjs
//
// Nobody listens at WEBHOOK_ORIGIN. With SCREENSHOTS=<folder> every screen is kept as a
// picture.
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

  await step('the settings say who is told', async () => {
    await page.goto(`${hub}/ajustes`);
    await enter('admin', password);
    await says(`Correo: ${MAIL_TO}; Integración: ${WEBHOOK_ORIGIN}`);
  });

  await step('the button tries each way, and says what came of it', async () => {
    await button('Mandar un aviso de prueba').click();
    await says(`La prueba salió. Correo: ${MAIL_TO}`);
    await says(`La prueba no llegó. Integración: ${WEBHOOK_ORIGIN}`);
    await picture('alerts-tested');
  });

  await step('nothing was told but the test', async () => {
    const { told } = await visitor.api('/api/alerts');
    equal(told.length, 0, 'notices');
  });

  await step('no complaints', visitor.noComplaints);
}

await run(test, visitor.close, 120_000);
