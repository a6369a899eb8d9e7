// Tests the hub's start screen and its settings in Chromium, on a linked pair that really sends to
// the stand-in: the messages of today, the pending matters and their links; then the user's
// password, the recording of incoming messages, and the service's configuration.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node start-flow.mjs
//
// The hub runs with AUTO_CAMPAIGNS_ENABLED=true and DRY_RUN=false.
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node start-flow.mjs');
  process.exit(2);
}

const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const ANA_PASSWORD = 'la contraseña de ana';
const NEW_PASSWORD = 'otra contraseña, más larga';

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;

const main = () => page.getByRole('main');
const part = (name) => main().getByRole('region', { name, exact: true });
const tile = (name) => part('Mensajes de hoy').locator('div', { has: page.getByText(name, { exact: true }) }).locator('dd').last();
const matter = (kind) => page.locator(`[data-matter="${kind}"]`);
const banner = (name) => page.locator(`[data-banner="${name}"]`);
const shows = (name, count) =>
  eventually(`the figure ${name} is ${count}`, async () => (await tile(name).textContent()) === String(count));

async function campaign(nombre, cliente_id, recipientCount) {
  const destinatarios = Array.from({ length: recipientCount }, (_, n) => ({
    destinatario: `549114000${String(n).padStart(4, '0')}`,
    nombre: `Ana ${n}`,
  }));
  const body = { nombre, mensaje: 'Hola {nombre}', cliente_id, destinatarios };
  return (await api('/api/sender/campaigns', 'POST', body)).id;
}

const schedule = (campania_id, cupo_diario) =>
  api('/api/sender/programaciones', 'POST', {
    campania_id,
    dias_semana: EVERY_DAY,
    hora_inicio: '00:00',
    hora_fin: '24:00',
    cupo_diario,
  });

async function test() {
  page = await visitor.open();
  await api('/api/users', 'POST', { username: 'ana', password: ANA_PASSWORD, role: 'cliente', cliente_id: 51 });

  await step('the start screen opens first, with nothing pending', async () => {
    await page.goto(`${hub}/`);
    await signIn('admin', password);
    await page.waitForURL(`${hub}/inicio`);
    await page.getByRole('heading', { name: 'Inicio', level: 1 }).waitFor();
    assertEqual(await page.title(), 'Inicio · LeadMaster', 'the title of the tab');
    await eventually('the session is connected', async () =>
      (await page.getByTestId('start-session').textContent()) === 'Conectado');
    await waitForText('WhatsApp está conectado.');
    await waitForText('Todo al día. No hay nada pendiente.');
    await waitForText('No hay ninguna campaña en curso.');
    await shows('Enviados', 0);
    assertEqual(await part('Mensajes de hoy').getByText('De prueba').count(), 0, 'dry-run messages');
    await takeScreenshot('start-empty');
  });

  await step('sent messages and running campaigns are shown', async () => {
    const march = await campaign('Promoción de marzo', 51, 120);
    const { id } = await schedule(march, 40);
    await api(`/api/sender/programaciones/${id}/approve`, 'POST');
    await api(`/api/sender/campaigns/${march}/approve`, 'POST');
    // The figures change without a reload.
    await shows('Enviados', 1);
    await shows('Entregados', 1);
    const running = page.locator(`[data-campaign="${march}"]`);
    await running.getByText('1 de 120').waitFor();
    await running.getByText('Terminaría ').waitFor();
    await page.locator('[data-phase="now"]', { hasText: 'Promoción de marzo' }).waitFor();
    await waitForText('1 de 40 de hoy');
  });

  await step('pending matters are listed, the most urgent first', async () => {
    await standin.call('contacts', { phone: '5491149990000', on_whatsapp: false });
    const refused = await fetch(`${hub}/api/sender/messages/send`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
      },
      body: JSON.stringify({ destinatario: '5491149990000', mensaje: 'hola' }),
    });
    assertEqual(refused.status, 404, 'a number without WhatsApp');
    const april = await campaign('Aviso de abril', 52, 3);
    await schedule(april, 50);
    await api(`/api/sender/campaigns/${april}/approve`, 'POST');
    await api(`/api/sender/campaigns/${april}/pause`, 'POST', { motivo: 'Feriado' });
    await matter('failed').waitFor();
    await matter('paused').getByText(/«Aviso de abril» está pausada: la pausaste vos hoy \d\d:\d\d\. Feriado/).waitFor();
    await matter('unapproved').getByText('Falta aprobar el horario de «Aviso de abril».').waitFor();
    await shows('Fallidos', 1);
    const kinds = await page.locator('[data-matter]').evaluateAll((elements) => elements.map((element) => element.dataset.matter));
    assertEqual(kinds.join(), 'paused,failed,unapproved', 'the order of the pending matters');
  });

  await step('an incoming answer is shown', async () => {
    await standin.leadMessage({ from: '5491140000000', body: '*Sí*, me _interesa_. ¿Hasta cuándo dura?' });
    await part('Últimas respuestas').getByText('Sí, me interesa.').waitFor();
    await shows('Recibidos', 1);
    await matter('waiting').getByText('1 persona espera respuesta').waitFor();
    await matter('waiting').getByRole('link', { name: 'Responder' }).waitFor();
    assert((await page.title()).startsWith('(1) '), 'the title of the tab has no count');
    await page.evaluate(() => window.scrollTo(0, 0));
    await takeScreenshot('start', { fullPage: true });
  });

  await step('the limits of the WhatsApp account are shown', async () => {
    const cycle_end_s = Math.floor(Date.now() / 1000) + 10 * 86_400;
    await standin.call('limits', {
      reach_out: { until_ms: Date.now() + 3_600_000 },
      new_chats: { status: 'FIRST_WARNING', used: 80, total: 100, cycle_end_s },
    });
    await matter('reachOutLocked').getByText('WhatsApp no deja escribir a quienes nunca escribieron, hasta').waitFor();
    await banner('reachOut').getByText('A quienes te escriben les podés responder.').waitFor();
    await matter('newChatsNear').getByText('se acerca el límite mensual de chats nuevos (80 de 100)').waitFor();
    await standin.call('limits', { new_chats: { status: 'CAPPED', used: 100, total: 100, cycle_end_s } });
    await matter('newChatsCapped').getByText('(100 de 100), hasta').waitFor();
    await matter('reachOutLocked').waitFor({ state: 'detached' });
    await standin.call('limits', {});
    await matter('newChatsCapped').waitFor({ state: 'detached' });
    await banner('newChats').waitFor({ state: 'detached' });
  });

  await step('a lost connection is shown on every screen until it is back', async () => {
    await standin.call('network', { up: false });
    await banner('offline').waitFor();
    await matter('line').getByText('WhatsApp está sin conexión').waitFor();
    const kinds = await page.locator('[data-matter]').evaluateAll((elements) => elements.map((element) => element.dataset.matter));
    assertEqual(kinds[0], 'line', 'the first pending matter');
    assertEqual((await page.getByTestId('line-state').textContent()).trim(), 'WhatsApp: sin conexión', 'the connection state in the footer');
    for (const name of ['Conversaciones', 'Campañas']) {
      await page.getByRole('navigation').getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await banner('offline').waitFor();
    }
    await takeScreenshot('offline');
    await standin.call('network', { up: true });
    await banner('offline').waitFor({ state: 'detached' });
    await eventually('the connection state in the footer', async () =>
      (await page.getByTestId('line-state').textContent()).trim() === 'WhatsApp: conectado');
    await page.getByRole('navigation').getByRole('link', { name: 'Inicio' }).click();
    await matter('line').waitFor({ state: 'detached' });
  });

  await step('open a pending matter and resolve it', async () => {
    await matter('unapproved').getByRole('link').click();
    await page.waitForURL(/\/programacion\?/);
    await page.getByRole('button', { name: 'Ver la programación de Aviso de abril' }).click();
    await dialog().getByRole('button', { name: 'Aprobar', exact: true }).click();
    await dialog().waitFor({ state: 'hidden' });
    await page.getByRole('navigation').getByRole('link', { name: 'Inicio' }).click();
    await matter('paused').waitFor();
    await matter('unapproved').waitFor({ state: 'detached' });
  });

  await step('phone layout and dark theme', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await takeScreenshot('start-dark', { fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
    await assertNoSidewaysScroll('the start');
    await takeScreenshot('start-phone', { fullPage: true });
    // Escape closes the menu, and the focus returns to the button that opened it.
    const opener = page.getByRole('button', { name: 'Menú' });
    const entry = page.getByRole('navigation', { name: 'Secciones', includeHidden: true }).getByRole('link', { name: 'Mensajes', includeHidden: true });
    const inView = () => entry.evaluate((element) => element.getBoundingClientRect().right > 0 && element.checkVisibility({ visibilityProperty: true }));
    await eventually('the menu is hidden', async () => !(await inView()));
    await opener.press('Enter');
    await eventually('the menu is open', inView);
    await entry.focus();
    await page.keyboard.press('Escape');
    await eventually('the menu is closed', async () => !(await inView()));
    assertEqual(await opener.getAttribute('aria-expanded'), 'false', 'the menu button’s aria-expanded');
    assert(await opener.evaluate((element) => element === document.activeElement), 'the menu button does not have the focus');
    await page.goto(`${hub}/ajustes`);
    await page.getByRole('heading', { name: 'Ajustes', level: 1 }).waitFor();
    await waitForText('AUTO_CAMPAIGNS_ENABLED');
    await assertNoSidewaysScroll('the settings');
    await takeScreenshot('settings-phone', { fullPage: true });
    await page.setViewportSize({ width: 1200, height: 900 });
    await takeScreenshot('settings-dark', { fullPage: true });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  await step('the settings show the configuration, without secrets', async () => {
    const table = page.getByRole('table', { name: 'Valores del servicio' });
    for (const [name, value] of [
      ['Modo de envío', 'Real: los mensajes salen'],
      ['Campañas automáticas', 'Salen según su programación'],
      ['Zona horaria', 'America/Argentina/Buenos_Aires'],
      ['Base de datos', 'SQLite'],
      ['Servicio de WhatsApp', 'En línea, Conectado'],
    ]) {
      await table.getByRole('row', { name }).first().getByText(value).waitFor();
    }
    assert(!(await page.content()).includes(password), 'the password is on the page');
    await takeScreenshot('settings', { fullPage: true });
  });

  await step('switch the recording off after a question, and on again', async () => {
    const recording = page.getByRole('switch', { name: 'Guardar los mensajes que llegan' });
    const flip = () => page.locator('label', { hasText: 'Guardar los mensajes que llegan' }).first().click();
    assert(await recording.isChecked(), 'the recording is off');
    await flip();
    await dialog().getByText('no se guarda ni después').waitFor();
    await dialog().getByRole('button', { name: 'Cancelar', exact: true }).click();
    await dialog().waitFor({ state: 'hidden' });
    assert(await recording.isChecked(), 'the recording is off before the question is confirmed');
    await flip();
    await dialog().getByRole('button', { name: 'Dejar de guardar', exact: true }).click();
    await dialog().waitFor({ state: 'hidden' });
    await waitForText('No se guardan los mensajes que llegan');
    assertEqual((await api('/api/listener/status')).recording, false, 'the recording');
    await page.getByRole('navigation').getByRole('link', { name: 'Inicio' }).click();
    await matter('recordingOff').getByRole('link').click();
    await page.waitForURL(`${hub}/ajustes`);
    await flip();
    await eventually('the recording is on', async () => (await api('/api/listener/status')).recording);
  });

  await step('switch the language and the theme', async () => {
    const choose = (name) => main().locator('label', { hasText: name }).click();
    await choose('English');
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
    await choose('Dark');
    await eventually('the page is dark', () =>
      page.evaluate(() => document.documentElement.dataset.mantineColorScheme === 'dark'));
    await choose('System default');
    await choose('Español');
    await page.getByRole('heading', { name: 'Ajustes', level: 1 }).waitFor();
  });

  await step('the campaign shows who answered, the next send and the end', async () => {
    const { campanias } = await api('/api/sender/campaigns?limite=50&buscar=marzo');
    await page.goto(`${hub}/campanas/${campanias[0].id}`);
    const person = page.getByTestId('replies').getByRole('link', { name: 'Ana 0' });
    await person.waitFor();
    await page.getByTestId('replies').getByRole('heading', { name: /^1 persona respondió / }).waitFor();
    await page.getByTestId('standing').getByText(/^Enviando · próximo .+ · termina /).waitFor();
    await takeScreenshot('campaign-sending', { fullPage: true });
    await person.click();
    await page.waitForURL(`${hub}/conversaciones/5491140000000`);
    await waitForText('Sí, me interesa.');
  });

  await step('a real send shows the number of recipients and asks again', async () => {
    const may = await campaign('Aviso de mayo', 52, 3);
    await schedule(may, 50);
    await page.goto(`${hub}/campanas/${may}`);
    await waitForText('Es un envío REAL: sale desde tu número.');
    await page.getByTestId('review-sample').getByText('Hola Ana 0').waitFor();
    await button('Enviar a 3 personas').click();
    await dialog().getByText('Es un envío REAL').waitFor();
    await takeScreenshot('campaign-for-real');
    await dialog().getByRole('button', { name: 'Enviar a 3 personas' }).click();
    await dialog().waitFor({ state: 'hidden' });
    await eventually('the campaign and its schedule are approved', async () => {
      const { estado } = await api(`/api/sender/campaigns/${may}`);
      const { programaciones } = await api(`/api/sender/programaciones?limite=5&campania_id=${may}`);
      return estado === 'en_progreso' && programaciones[0].estado === 'aprobada';
    });
    await api(`/api/sender/campaigns/${may}/pause`, 'POST');
    await page.goto(`${hub}/ajustes`);
  });

  await step('a business user has its own start screen and password', async () => {
    await button('Cerrar sesión').click();
    await signIn('ana', ANA_PASSWORD);
    await page.getByRole('navigation').getByRole('link', { name: 'Inicio' }).click();
    await page.locator('[data-campaign]', { hasText: 'Promoción de marzo' }).waitFor();
    assertEqual(await page.getByText('Aviso de abril').count(), 0, 'campaigns of another business');
    await shows('Fallidos', 0);
    await page.getByRole('navigation').getByRole('link', { name: 'Ajustes' }).click();
    await waitForText('Modo de envío');
    assertEqual(await page.getByText('DATABASE_URL').count(), 0, 'configuration of the machine');
    assert(await page.getByRole('switch', { name: 'Guardar los mensajes que llegan' }).isDisabled(), 'a business user can change the recording');
    const fill = async (current, next, again) => {
      await page.getByLabel('Contraseña actual', { exact: true }).fill(current);
      await page.getByLabel('Contraseña nueva', { exact: true }).fill(next);
      await page.getByLabel('Repetí la contraseña nueva', { exact: true }).fill(again);
      await button('Cambiar la contraseña').click();
    };
    await fill('', 'corta', '');
    await waitForText('Escribí tu contraseña actual.');
    await waitForText('Tiene que tener al menos 10 caracteres.');
    await fill(ANA_PASSWORD, NEW_PASSWORD, `${NEW_PASSWORD}.`);
    await waitForText('No es igual a la contraseña nueva.');
    await fill('la de otra persona', NEW_PASSWORD, NEW_PASSWORD);
    await waitForText('La contraseña actual no es correcta.');
    await takeScreenshot('password');
    await fill(ANA_PASSWORD, NEW_PASSWORD, NEW_PASSWORD);
    await waitForText('La contraseña se cambió.');
    assertEqual(await page.getByLabel('Contraseña nueva', { exact: true }).inputValue(), '', 'the typed passwords');
    await button('Cerrar sesión').click();
    await signIn('ana', NEW_PASSWORD);
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 240_000);
