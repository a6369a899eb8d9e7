// Tests users and opt-outs on the hub's page in Chromium: create users, check that each role sees
// only its own screens, change and delete them; stop all sending; add numbers to the opt-outs and
// remove them.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node access-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, phoneApi, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node access-flow.mjs');
  process.exit(2);
}

const LEO = '5491158254202';
const PASSWORD = 'la contraseña de eva';
const NEW_PASSWORD = 'otra contraseña de eva';

const standin = phoneApi(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;

const row = (text) => page.locator('tbody tr').filter({ hasText: text });
const dialogButton = (name) => dialog().getByRole('button', { name, exact: true });
const waitForDialogClosed = () => dialog().waitFor({ state: 'detached' });
const dialogField = (name) => dialog().getByLabel(name, { exact: true });

async function choose(label, option) {
  await dialog().getByRole('combobox', { name: label }).or(dialog().getByRole('textbox', { name: label })).first().click();
  await page.getByRole('option', { name: option }).click();
}

async function switchUser(name, secret) {
  await button('Cerrar sesión').click();
  await signIn(name, secret);
}

async function test() {
  page = await visitor.open();

  await step('create a user of a business; errors appear at their fields', async () => {
    await page.goto(`${hub}/usuarios`);
    await signIn('admin', password);
    await row('admin').getByText('Vos', { exact: true }).waitFor();
    await button('Nuevo usuario').click();
    // The client number is hidden until the administrator says that there are several businesses.
    await dialog().getByText('Ve y contesta todas las conversaciones.').waitFor();
    assertEqual(await dialogField('Número de cliente').count(), 0, 'fields for the client number');
    await dialogButton('Atiendo a varios negocios').click();
    await choose('Rol', 'Un cliente');
    await dialogButton('Crear el usuario').click();
    await waitForText('Sin espacios ni acentos.');
    await waitForText('Un número mayor que cero.');
    await dialogField('Usuario').fill('eva');
    await dialogField('Número de cliente').fill('51');
    await dialogField('Contraseña').fill(PASSWORD);
    await takeScreenshot('user-new');
    await dialogButton('Crear el usuario').click();
    await waitForDialogClosed();
    await row('eva').getByText('cliente 51').waitFor();
  });

  await step('a user name is unique', async () => {
    await button('Nuevo usuario').click();
    await dialogField('Usuario').fill('EVA');
    await dialogField('Contraseña').fill(PASSWORD);
    await dialogButton('Crear el usuario').click();
    await waitForText('Ya hay un usuario con ese nombre.');
    await page.keyboard.press('Escape');
    await waitForDialogClosed();
    await takeScreenshot('users');
  });

  await step('the last administrator cannot be removed', async () => {
    await button('Desactivar a admin').click();
    await waitForText('No quedaría ningún administrador.');
    await button('Borrar a admin').click();
    await dialogButton('Borrar').click();
    await dialog().getByText('No quedaría ningún administrador.').waitFor();
    await dialogButton('Cancelar').click();
    await waitForDialogClosed();
  });

  await step('the menu of a business user has no administration', async () => {
    await switchUser('eva', PASSWORD);
    await page.goto(`${hub}/inicio`);
    await page.getByRole('link', { name: 'Campañas', exact: true }).first().waitFor();
    assertEqual(await page.getByRole('link', { name: 'Usuarios', exact: true }).count(), 0, 'links to users');
    assertEqual(await page.getByRole('link', { name: 'Bajas', exact: true }).count(), 0, 'links to opt-outs');
    await page.goto(`${hub}/usuarios`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assertEqual(await page.getByText('Nuevo usuario').count(), 0, 'ways to create a user by address');
    await page.goto(`${hub}/integraciones`);
    await page.getByRole('heading', { name: 'Claves de programas' }).waitFor();
    assertEqual(await page.getByRole('heading', { name: 'Webhooks' }).count(), 0, 'headings of webhooks');
  });

  await step('an agent sees conversations, but no campaigns or administration', async () => {
    await switchUser('admin', password);
    await page.goto(`${hub}/usuarios`);
    await button('Nuevo usuario').click();
    await dialogField('Usuario').fill('luz');
    await dialogField('Contraseña').fill(PASSWORD);
    await dialogButton('Crear el usuario').click();
    await waitForDialogClosed();
    await row('luz').getByText('Atiende conversaciones').waitFor();
    const recipients = [{ telefono: '5491158254201' }];
    await api('/api/sender/campaigns', 'POST', { nombre: 'Casas de mayo', mensaje: 'Hola', destinatarios: recipients });
    await switchUser('luz', PASSWORD);
    await page.goto(`${hub}/inicio`);
    await page.getByRole('heading', { name: 'Inicio', level: 1 }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Secciones' }).getByRole('link');
    assertEqual((await menu.allTextContents()).join(), 'Inicio,Conversaciones,Respuestas rápidas,Mensajes,Bajas,Ajustes,Ayuda', 'entries of the menu');
    await takeScreenshot('agent-start');
    for (const path of ['/usuarios', '/campanas', '/whatsapp', '/integraciones']) {
      await page.goto(`${hub}${path}`);
      await waitForText('Esta página no existe');
    }
    await menu.filter({ hasText: 'Ayuda' }).click();
    await page.getByRole('heading', { name: 'Guía de uso', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Cuando dice que no está conectado' }).click();
    const chapter = page.getByRole('heading', { name: 'Cuando dice que no está conectado' });
    await eventually('the chapter is in view', () => chapter.evaluate((element) => element.getBoundingClientRect().top < window.innerHeight / 2));
    // The guide links only to the screens that this user can open.
    assertEqual(await page.getByRole('main').getByRole('link', { name: 'Campañas', exact: true }).count(), 0, 'links to campaigns');
    await page.getByRole('main').getByRole('link', { name: 'Conversaciones', exact: true }).waitFor();
    await takeScreenshot('help', { fullPage: true });
    await page.goto(`${hub}/ajustes`);
    await page.getByRole('heading', { name: 'Avisos' }).waitFor();
    assertEqual(await page.getByRole('heading', { name: 'Envíos', exact: true }).count(), 0, 'switches for sending');
    await api('/api/sender/messages/send', 'POST', { destinatario: '5491158254201', mensaje: 'hola' });
    await page.goto(`${hub}/conversaciones/5491158254201`);
    await page.getByLabel('Respuesta', { exact: true }).fill('Soy Luz');
    await button('Enviar').click();
    await page.locator('[data-message]').filter({ hasText: 'Soy Luz' }).waitFor();
    await takeScreenshot('agent-conversation');
    // The contact's campaigns are named, and lead nowhere.
    await page.getByRole('heading', { level: 2 }).getByRole('button').click();
    const campaigns = page.getByRole('complementary').getByRole('region', { name: 'Campañas' });
    await campaigns.getByText('Casas de mayo').waitFor();
    assertEqual(await campaigns.getByRole('link').count(), 0, 'links to campaigns beside the chat');
    await takeScreenshot('agent-contact');
  });

  await step('stop all sending and resume it; the page shows who stopped it and when', async () => {
    await switchUser('admin', password);
    await page.goto(`${hub}/ajustes`);
    await page.getByTestId('sending').getByText('Los envíos no están detenidos.').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Detener todos los envíos' }).click();
    await dialog().getByText('No sale nada más hasta que alguien los reanude').waitFor();
    await dialogButton('Detener todos los envíos').click();
    await waitForDialogClosed();
    const bar = page.locator('[data-banner="stopped"]');
    await bar.getByText('Envíos detenidos por admin, hoy').waitFor();
    await takeScreenshot('stopped');
    for (const path of ['/inicio', '/conversaciones/5491158254201']) {
      await page.goto(`${hub}${path}`);
      await bar.waitFor();
    }
    await waitForText('Los envíos están detenidos: no se puede contestar desde acá.');
    assertEqual(await button('Enviar').isDisabled(), true, 'the disabled answer button');
    await takeScreenshot('stopped-conversation');
    await bar.getByRole('button', { name: 'Reanudar los envíos' }).click();
    await dialogButton('Reanudar los envíos').click();
    await bar.waitFor({ state: 'detached' });
    await eventually('the answer can be sent', async () => !(await button('Enviar').isDisabled()));
  });

  await step('a waiting campaign lists every reason and how to resolve it', async () => {
    const recipients = [{ destinatario: '5491140000001', nombre: 'Ana' }];
    const { id } = await api('/api/sender/campaigns', 'POST', { nombre: 'Marzo', mensaje: 'Hola {nombre}', destinatarios: recipients });
    const reason = (kind) => page.getByTestId('standing').locator(`[data-reason="${kind}"]`);
    const reasons = (expected) =>
      eventually(`the campaign waits for ${expected}`, async () =>
        (await page.locator('[data-reason]').evaluateAll((elements) => elements.map((element) => element.dataset.reason).join())) === expected);
    const schedule = await api('/api/sender/programaciones', 'POST', { campania_id: id, dias_semana: ['mon'], hora_inicio: '09:00', hora_fin: '12:00' });
    await api(`/api/sender/campaigns/${id}/approve`, 'POST');
    await api('/api/sending', 'PUT', { detenido: true });
    await standin.call('network', { up: false });
    await page.goto(`${hub}/campanas/${id}`);
    assertEqual(await page.getByTestId('campaign-state').first().textContent(), 'Esperando', 'the campaign’s badge');
    await page.getByTestId('standing').getByText('No está saliendo', { exact: true }).waitFor();
    // The hub of this test runs without AUTO_CAMPAIGNS_ENABLED.
    await reasons('stopped,campaignsOff,notReady,notApproved');
    await reason('stopped').getByText('Alguien detuvo todos los envíos.').waitFor();
    await reason('campaignsOff').getByText('El envío de campañas está apagado en el servidor.').waitFor();
    await reason('notReady').getByText('WhatsApp no está conectado.').waitFor();
    await reason('notApproved').getByText('Falta aprobar el horario.').waitFor();
    await takeScreenshot('waits');
    // Each reason has a button: it acts at once, or shows a letter for the operator.
    await reason('campaignsOff').getByRole('button', { name: 'Cómo se activa' }).click();
    const letter = await dialog().getByTestId('operator-letter').textContent();
    assert(letter.includes('AUTO_CAMPAIGNS_ENABLED'), letter);
    await dialogButton('Cerrar').click();
    await waitForDialogClosed();
    assertEqual(await reason('notReady').getByRole('link', { name: 'Conectar' }).getAttribute('href'), '/whatsapp', 'the link to the WhatsApp screen');
    await standin.call('network', { up: true });
    await reasons('stopped,campaignsOff,notApproved');
    await reason('stopped').getByRole('button', { name: 'Reanudar los envíos' }).click();
    await dialogButton('Reanudar los envíos').click();
    await waitForDialogClosed();
    await reasons('campaignsOff,notApproved');
    await reason('notApproved').getByRole('link', { name: 'Aprobar el horario' }).click();
    await page.getByRole('button', { name: 'Ver la programación de Marzo' }).click();
    await dialogButton('Aprobar').click();
    await waitForDialogClosed();
    await page.goto(`${hub}/campanas/${id}`);
    await reasons('campaignsOff');
    assertEqual(await page.getByTestId('campaign-state').first().textContent(), 'Esperando', 'the campaign’s badge, with one reason');
    await api(`/api/sender/programaciones/${schedule.id}`, 'DELETE');
    await page.reload();
    await reasons('campaignsOff,noSchedule');
    assertEqual(await reason('noSchedule').getByRole('link', { name: 'Elegir el horario' }).getAttribute('href'), `/programacion?campania=${id}`, 'the link to the schedule');
  });

  await step('change a password; disable, enable and delete a user', async () => {
    await switchUser('admin', password);
    await page.goto(`${hub}/usuarios`);
    await button('Cambiar a eva').click();
    await dialogField('Contraseña nueva').fill('corta');
    await dialogButton('Guardar').click();
    await waitForText('Tiene que tener al menos 10 caracteres.');
    await dialogField('Contraseña nueva').fill(NEW_PASSWORD);
    await choose('Rol', 'Administra todo');
    await dialogButton('Guardar').click();
    await waitForDialogClosed();
    await row('eva').getByText('Administra todo').waitFor();
    const status = async (secret) =>
      (await fetch(`${hub}/api/auth/me`, {
        headers: { authorization: `Basic ${Buffer.from(`eva:${secret}`).toString('base64')}` },
      })).status;
    assertEqual(await status(PASSWORD), 401, 'the status with the old password');
    assertEqual(await status(NEW_PASSWORD), 200, 'the status with the new password');
    await button('Desactivar a eva').click();
    await row('eva').getByText('Desactivado').waitFor();
    assertEqual(await status(NEW_PASSWORD), 401, 'the status of a disabled user');
    await button('Activar a eva').click();
    await button('Desactivar a eva').waitFor();
    assertEqual(await status(NEW_PASSWORD), 200, 'the status of an enabled user');
    await button('Borrar a eva').click();
    await dialogButton('Borrar').click();
    await waitForDialogClosed();
    await row('eva').waitFor({ state: 'detached' });
  });

  await step('no opt-outs yet', async () => {
    await page.goto(`${hub}/bajas`);
    await waitForText('Nadie pidió la baja');
  });

  await step('add an opt-out by hand; sends to the number are refused', async () => {
    await button('Agregar un número').click();
    await dialogButton('Agregar').click();
    await dialog().getByText(/número/i).first().waitFor();
    await dialogField('Número').fill('+54 9 11 5825-4299');
    await dialog().getByLabel('Motivo').fill('llamó por teléfono');
    await dialogButton('Agregar').click();
    await waitForDialogClosed();
    await row('+54 9 11 5825-4299').getByText('llamó por teléfono').waitFor();
    const refused = await fetch(`${hub}/api/send`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
      },
      body: JSON.stringify({ to: '5491158254299', message: 'hola' }),
    });
    assertEqual((await refused.json()).code, 'OPTED_OUT', 'the code of the refused send');
  });

  await step('change the opt-out words; a contact who writes one is added', async () => {
    const words = page.getByRole('combobox', { name: 'Palabras' });
    await words.fill('Basta');
    await words.press('Enter');
    await button('Guardar las palabras').click();
    await waitForText('Las palabras se guardaron.');
    await eventually('the hub has the new word', async () =>
      (await api('/api/sender/bajas/palabras')).palabras.some((word) => word.toLowerCase() === 'basta'));
    await standin.leadMessage({ from: LEO, body: 'BASTA' });
    await eventually('the contact is on the list', async () => (await api('/api/sender/bajas')).bajas.length === 2);
    await page.reload();
    await row('+54 9 11 5825-4202').getByText('Escribió: «BASTA»').waitFor();
    await takeScreenshot('opt-outs');
  });

  await step('remove an opt-out', async () => {
    await button('Quitar +54 9 11 5825-4202').click();
    await dialogButton('Quitar').click();
    await waitForDialogClosed();
    await row('+54 9 11 5825-4202').waitFor({ state: 'detached' });
    assertEqual((await api('/api/sender/bajas')).bajas.length, 1, 'remaining opt-outs');
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['bajas', 'usuarios']) {
      await page.goto(`${hub}/${path}`);
      await page.locator('tbody tr').first().waitFor();
      await assertNoSidewaysScroll(path);
      await takeScreenshot(`phone-${path}`);
    }
  });

  await step('no console errors', visitor.assertNoPageErrors);
}

await run(test, visitor.close, 240_000);
