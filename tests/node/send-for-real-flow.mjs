// Tests the change from dry runs to real sends on the hub's page in Chromium, in two parts that
// share a data folder. With DRY_RUN=true, a dry run of a campaign finishes and a contact is
// answered, but nothing is sent. Then, with DRY_RUN=false, "Enviarla de verdad" copies the campaign
// and sends it in one step, and the week view shows the sent messages.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… PART=dry-run|real node send-for-real-flow.mjs
//
// The hub runs with AUTO_CAMPAIGNS_ENABLED=true, and with DRY_RUN as above.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, PART, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL || !['dry-run', 'real'].includes(PART ?? '')) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… PART=dry-run|real node send-for-real-flow.mjs');
  process.exit(2);
}

const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const LUIS = '5491177770001';
const PEOPLE = ['Ana', 'Leo', 'Eva', 'Juan'].map((nombre, n) => ({ destinatario: `549115000000${n + 1}`, nombre }));
/** Juan opts out between the dry run and the real send. */
const JUAN = PEOPLE[3].destinatario;

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder: screenshotFolder && `${screenshotFolder}/${PART}` });
const { api, button, dialog, signIn, takeScreenshot, waitForText } = visitor;
let page = null;

const main = () => page.getByRole('main');
const bubble = (text) => page.locator('[data-message]').filter({ hasText: text });
const box = () => page.getByLabel('Respuesta', { exact: true });
const row = (number) => page.locator(`[data-chat="${number}"]`);
const state = () => page.getByTestId('campaign-state').first().textContent();
const figure = (name) => page.locator(`[data-figure="${name}"]`).textContent();

async function campaign(nombre, destinatarios, cupo_diario) {
  const pause = { pausa_min_s: 0, pausa_max_s: 0 };
  const { id } = await api('/api/sender/campaigns', 'POST', { nombre, mensaje: 'Hola {nombre}', destinatarios, ...pause });
  // All day, so that the campaign sends at whatever hour the test runs.
  const hours = { dias_semana: EVERY_DAY, hora_inicio: '00:00', hora_fin: '24:00', cupo_diario };
  const schedule = await api('/api/sender/programaciones', 'POST', { campania_id: id, ...hours, ...pause });
  await api(`/api/sender/programaciones/${schedule.id}/approve`, 'POST');
  await api(`/api/sender/campaigns/${id}/approve`, 'POST');
  return { id, schedule: schedule.id, hours: { ...hours, ...pause } };
}

async function dryRunPart() {
  await step('a dry run of a campaign finishes', async () => {
    const { id } = await campaign('Marzo', PEOPLE, 50);
    await page.goto(`${hub}/campanas/${id}`);
    await signIn('admin', password);
    await eventually('the campaign is finished', async () => (await state()) === 'Finalizada');
    assertEqual(await figure('De prueba'), '4', 'dry-run messages');
  });

  await step('an answer is a dry run too, and the contact still waits', async () => {
    await standin.leadMessage({ from: LUIS, name: 'Luis', body: '¿Sigue disponible?' });
    await page.goto(`${hub}/conversaciones/${LUIS}`);
    await bubble('¿Sigue disponible?').waitFor();
    await box().fill('Sí, ¿querés verlo?');
    await button('Probar').click();
    await waitForText('Modo prueba: Luis no recibió este mensaje.');
    await bubble('Sí, ¿querés verlo?').getByText('De prueba (no salió)').waitFor();
    await row(LUIS).and(page.locator('[data-waits]')).waitFor();
    await takeScreenshot('answer');
  });

  await step('a contact opts out', async () => {
    await standin.leadMessage({ from: JUAN, body: 'No me escriban más' });
    await page.goto(`${hub}/bajas`);
    await eventually('Juan is on the list of opt-outs', async () => {
      await page.reload();
      const juan = page.locator('tbody tr', { hasText: 'Juan' });
      return juan.getByText('Escribió: «No me escriban más»').waitFor({ timeout: 3_000 }).then(() => true, () => false);
    });
    await takeScreenshot('opt-outs');
  });
}

async function realPart() {
  await step('dry-run and real answers are shown differently', async () => {
    await page.goto(`${hub}/conversaciones/${LUIS}`);
    await signIn('admin', password);
    await page.goto(`${hub}/conversaciones/${LUIS}`);
    await bubble('Sí, ¿querés verlo?').getByText('De prueba (no salió)').waitFor();
    await row(LUIS).and(page.locator('[data-waits]')).waitFor();
    await box().fill('Sí, ¿querés verlo mañana?');
    await button('Enviar').click();
    await bubble('mañana').locator('[data-estado="entregado"]').waitFor();
    await waitForText('Nadie espera respuesta');
    const received = (await standin.messages()).filter(({ to }) => to === LUIS).map(({ body }) => body);
    assertEqual(received.join('|'), 'Sí, ¿querés verlo mañana?', 'messages at Luis’s phone');
    await takeScreenshot('answer');
  });

  await step('send the campaign of the dry run for real in one step', async () => {
    await page.goto(`${hub}/campanas`);
    await page.getByRole('link', { name: 'Marzo', exact: true }).click();
    await button('Enviarla de verdad').click();
    // Juan has opted out since the dry run.
    const send = dialog().getByRole('button', { name: 'Enviar a 3 personas' });
    await send.waitFor();
    assertEqual(await dialog().getByText('El servidor está en modo prueba').count(), 0, 'notices of the dry-run mode');
    await takeScreenshot('question');
    await send.click();
    await page.getByRole('heading', { name: 'Marzo (envío real)', level: 1 }).waitFor();
    await eventually('the campaign is finished', async () => (await state()) === 'Finalizada', 60_000);
    assertEqual(await figure('Enviados'), '3', 'sent messages');
    assertEqual(await figure('Salteados'), '1', 'skipped recipients');
    assertEqual(await page.locator('[data-figure="De prueba"]').count(), 0, 'figures of the dry run');
    await takeScreenshot('sent', { fullPage: true });
    // Each of the three recipients gets the message once, and nobody else does.
    const sent = (await standin.messages()).filter(({ to }) => to !== LUIS);
    const expected = PEOPLE.slice(0, 3).map(({ destinatario, nombre }) => `${destinatario} Hola ${nombre}`);
    assertEqual(sent.map(({ to, body }) => `${to} ${body}`).sort().join('|'), expected.join('|'), 'messages at the recipients’ phones');
    const { programaciones } = await api(`/api/sender/programaciones?limite=5&campania_id=${page.url().split('/').pop()}`);
    assertEqual(programaciones.map(({ estado }) => estado).join(), 'aprobada', 'the state of the schedule');
  });

  await step('the dry run is still listed as one', async () => {
    await page.goto(`${hub}/campanas`);
    const dryRun = page.locator('tbody tr', { hasText: 'Marzo' }).filter({ hasNotText: 'envío real' });
    await dryRun.getByText('Prueba', { exact: true }).waitFor();
    await takeScreenshot('campaigns');
  });

  await step('a past window is pale and shows what was sent', async () => {
    const zone = 'America/Argentina/Buenos_Aires';
    const clock = () => new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(new Date());
    const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(new Date());
    // Between 00:00 and 00:01, the window would end at the minute when it starts.
    await eventually('the clock is past 00:00', () => clock() !== '00:00', 65_000);
    const { id, schedule, hours } = await campaign('Abril', PEOPLE.slice(0, 3), 2);
    await eventually('two of three messages are sent', async () => (await api(`/api/sender/campaigns/${id}`)).enviados === 2);
    // The quota of the day is used up. Now the window is changed to end at the current time.
    await page.goto(`${hub}/programacion?campania=${id}`);
    const blocks = page.locator('[data-estado]', { hasText: 'Abril' });
    await blocks.first().waitFor();
    assertEqual(await page.locator('[data-past]').count(), 0, 'past windows');
    const colours = (block) => block.evaluate((element) => {
      const { color, backgroundColor } = getComputedStyle(element);
      return { color, backgroundColor };
    });
    const before = await colours(blocks.first());
    await api(`/api/sender/programaciones/${schedule}`, 'PUT', { campania_id: id, ...hours, hora_fin: clock() });
    await api(`/api/sender/programaciones/${schedule}/approve`, 'POST');
    await page.reload();
    const past = page.locator(`ul[data-day="${today()}"] [data-past]`);
    await past.getByText('2 de 2').waitFor();
    assertEqual(await page.locator('[data-past]').count(), 1, 'past windows');
    const after = await colours(past);
    assertEqual(after.backgroundColor, 'rgba(0, 0, 0, 0)', 'the background of the past window');
    assert(before.backgroundColor !== after.backgroundColor && before.color !== after.color, `the past window looks like a future one: ${JSON.stringify(after)}`);
    await main().getByText('Aprobada').first().waitFor();
    await takeScreenshot('past');
  });
}

async function test() {
  page = await visitor.open();
  await (PART === 'real' ? realPart : dryRunPart)();
  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, visitor.close, 150_000);
