// Tests users and opt-outs on the hub's page in Chromium: create users, check that each role sees
// only its own screens, change and delete them; stop all sending; add numbers to the opt-outs and
// remove them.
//
//   HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node access-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, equal, eventually, phone, run, step } from './lib/peer.mjs';
import { visit } from './lib/visit.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, PHONE_URL, SCREENSHOTS: pictures } = process.env;
if (!hub || !password || !PHONE_URL) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… PHONE_URL=… node access-flow.mjs');
  process.exit(2);
}

const LEO = '5491158254202';
const PASSWORD = 'la contraseña de eva';
const NEW_PASSWORD = 'otra contraseña de eva';

const standin = phone(`${PHONE_URL.replace(/\/$/, '')}/`);
const visitor = visit({ hub, password, pictures });
const { api, button, dialog, enter, noSidewaysScroll, picture, says } = visitor;
let page = null;

const row = (text) => page.locator('tbody tr').filter({ hasText: text });
const inDialog = (name) => dialog().getByRole('button', { name, exact: true });
const closed = () => dialog().waitFor({ state: 'detached' });
const field = (name) => dialog().getByLabel(name, { exact: true });

async function choose(label, option) {
  await dialog().getByRole('combobox', { name: label }).or(dialog().getByRole('textbox', { name: label })).first().click();
  await page.getByRole('option', { name: option }).click();
}

async function signIn(name, secret) {
  await button('Cerrar sesión').click();
  await enter(name, secret);
}

async function test() {
  page = await visitor.open();

  await step('create a user of a business; errors appear at their fields', async () => {
    await page.goto(`${hub}/usuarios`);
    await enter('admin', password);
    await row('admin').getByText('Vos', { exact: true }).waitFor();
    await button('Nuevo usuario').click();
    // The client number is hidden until the administrator says that there are several businesses.
    await dialog().getByText('Ve y contesta todas las conversaciones.').waitFor();
    equal(await field('Número de cliente').count(), 0, 'the number');
    await inDialog('Atiendo a varios negocios').click();
    await choose('Rol', 'Un cliente');
    await inDialog('Crear el usuario').click();
    await says('Sin espacios ni acentos.');
    await says('Un número mayor que cero.');
    await field('Usuario').fill('eva');
    await field('Número de cliente').fill('51');
    await field('Contraseña').fill(PASSWORD);
    await picture('user-new');
    await inDialog('Crear el usuario').click();
    await closed();
    await row('eva').getByText('cliente 51').waitFor();
  });

  await step('a user name is unique', async () => {
    await button('Nuevo usuario').click();
    await field('Usuario').fill('EVA');
    await field('Contraseña').fill(PASSWORD);
    await inDialog('Crear el usuario').click();
    await says('Ya hay un usuario con ese nombre.');
    await page.keyboard.press('Escape');
    await closed();
    await picture('users');
  });

  await step('the last administrator cannot be removed', async () => {
    await button('Desactivar a admin').click();
    await says('No quedaría ningún administrador.');
    await button('Borrar a admin').click();
    await inDialog('Borrar').click();
    await dialog().getByText('No quedaría ningún administrador.').waitFor();
    await inDialog('Cancelar').click();
    await closed();
  });

  await step('the menu of a business user has no administration', async () => {
    await signIn('eva', PASSWORD);
    await page.goto(`${hub}/inicio`);
    await page.getByRole('link', { name: 'Campañas', exact: true }).first().waitFor();
    equal(await page.getByRole('link', { name: 'Usuarios', exact: true }).count(), 0, 'users');
    equal(await page.getByRole('link', { name: 'Bajas', exact: true }).count(), 0, 'opt-outs');
    await page.goto(`${hub}/usuarios`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    equal(await page.getByText('Nuevo usuario').count(), 0, 'by its address neither');
    await page.goto(`${hub}/integraciones`);
    await page.getByRole('heading', { name: 'Claves de programas' }).waitFor();
    equal(await page.getByRole('heading', { name: 'Webhooks' }).count(), 0, 'webhooks');
  });

  await step('an agent sees conversations, but no campaigns or administration', async () => {
    await signIn('admin', password);
    await page.goto(`${hub}/usuarios`);
    await button('Nuevo usuario').click();
    await field('Usuario').fill('luz');
    await field('Contraseña').fill(PASSWORD);
    await inDialog('Crear el usuario').click();
    await closed();
    await row('luz').getByText('Atiende conversaciones').waitFor();
    await signIn('luz', PASSWORD);
    await page.goto(`${hub}/inicio`);
    await page.getByRole('heading', { name: 'Inicio', level: 1 }).waitFor();
    const menu = page.getByRole('navigation', { name: 'Secciones' }).getByRole('link');
    equal((await menu.allTextContents()).join(), 'Inicio,Conversaciones,Respuestas rápidas,Mensajes,Bajas,Ajustes,Ayuda', 'the menu');
    await picture('agent-start');
    for (const path of ['/usuarios', '/campanas', '/whatsapp', '/integraciones']) {
      await page.goto(`${hub}${path}`);
      await says('Esta página no existe');
    }
    await menu.filter({ hasText: 'Ayuda' }).click();
    await page.getByRole('heading', { name: 'Guía de uso', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Cuando dice que no está conectado' }).click();
    const chapter = page.getByRole('heading', { name: 'Cuando dice que no está conectado' });
    await eventually('the chapter is in view', () => chapter.evaluate((it) => it.getBoundingClientRect().top < window.innerHeight / 2));
    // The guide links only to the screens that this user can open.
    equal(await page.getByRole('main').getByRole('link', { name: 'Campañas', exact: true }).count(), 0, 'links to campaigns');
    await page.getByRole('main').getByRole('link', { name: 'Conversaciones', exact: true }).waitFor();
    await picture('help', { fullPage: true });
    await page.goto(`${hub}/ajustes`);
    await page.getByRole('heading', { name: 'Avisos' }).waitFor();
    equal(await page.getByRole('heading', { name: 'Envíos', exact: true }).count(), 0, 'the switch');
    await api('/api/sender/messages/send', 'POST', { destinatario: '5491158254201', mensaje: 'hola' });
    await page.goto(`${hub}/conversaciones/5491158254201`);
    await page.getByLabel('Respuesta', { exact: true }).fill('Soy Luz');
    await button('Enviar').click();
    await page.locator('[data-message]').filter({ hasText: 'Soy Luz' }).waitFor();
    await picture('agent-conversation');
  });

  await step('stop all sending and resume it; the page shows who stopped it and when', async () => {
    await signIn('admin', password);
    await page.goto(`${hub}/ajustes`);
    await page.getByTestId('sending').getByText('Los envíos no están detenidos.').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Detener todos los envíos' }).click();
    await dialog().getByText('No sale nada más hasta que alguien los reanude').waitFor();
    await inDialog('Detener todos los envíos').click();
    await closed();
    const bar = page.locator('[data-banner="stopped"]');
    await bar.getByText('Envíos detenidos por admin, hoy').waitFor();
    await picture('stopped');
    for (const path of ['/inicio', '/conversaciones/5491158254201']) {
      await page.goto(`${hub}${path}`);
      await bar.waitFor();
    }
    await says('Los envíos están detenidos: no se puede contestar desde acá.');
    equal(await button('Enviar').isDisabled(), true, 'the answer');
    await picture('stopped-conversation');
    await bar.getByRole('button', { name: 'Reanudar los envíos' }).click();
    await inDialog('Reanudar los envíos').click();
    await bar.waitFor({ state: 'detached' });
    await eventually('the answer can go', async () => !(await button('Enviar').isDisabled()));
  });

  await step('a waiting campaign lists every reason and how to resolve it', async () => {
    const recipients = [{ destinatario: '5491140000001', nombre: 'Ana' }];
    const { id } = await api('/api/sender/campaigns', 'POST', { nombre: 'Marzo', mensaje: 'Hola {nombre}', destinatarios: recipients });
    const reason = (kind) => page.getByTestId('standing').locator(`[data-reason="${kind}"]`);
    const reasons = (expected) =>
      eventually(`it waits for ${expected}`, async () =>
        (await page.locator('[data-reason]').evaluateAll((all) => all.map((element) => element.dataset.reason).join())) === expected);
    const schedule = await api('/api/sender/programaciones', 'POST', { campania_id: id, dias_semana: ['mon'], hora_inicio: '09:00', hora_fin: '12:00' });
    await api(`/api/sender/campaigns/${id}/approve`, 'POST');
    await api('/api/sending', 'PUT', { detenido: true });
    await standin.call('network', { up: false });
    await page.goto(`${hub}/campanas/${id}`);
    equal(await page.getByTestId('campaign-state').first().textContent(), 'Esperando', 'the badge');
    await page.getByTestId('standing').getByText('No está saliendo', { exact: true }).waitFor();
    // The hub of this test runs without AUTO_CAMPAIGNS_ENABLED.
    await reasons('stopped,campaignsOff,notReady,notApproved');
    await reason('stopped').getByText('Alguien detuvo todos los envíos.').waitFor();
    await reason('campaignsOff').getByText('El envío de campañas está apagado en el servidor.').waitFor();
    await reason('notReady').getByText('WhatsApp no está conectado.').waitFor();
    await reason('notApproved').getByText('Falta aprobar el horario.').waitFor();
    await picture('waits');
    // Each reason has a button: it acts at once, or shows a letter for the operator.
    await reason('campaignsOff').getByRole('button', { name: 'Cómo se activa' }).click();
    const letter = await dialog().getByTestId('operator-letter').textContent();
    assert(letter.includes('AUTO_CAMPAIGNS_ENABLED'), letter);
    await inDialog('Cerrar').click();
    await closed();
    equal(await reason('notReady').getByRole('link', { name: 'Conectar' }).getAttribute('href'), '/whatsapp', 'the way to the line');
    await standin.call('network', { up: true });
    await reasons('stopped,campaignsOff,notApproved');
    await reason('stopped').getByRole('button', { name: 'Reanudar los envíos' }).click();
    await inDialog('Reanudar los envíos').click();
    await closed();
    await reasons('campaignsOff,notApproved');
    await reason('notApproved').getByRole('link', { name: 'Aprobar el horario' }).click();
    await page.getByRole('button', { name: 'Ver la programación de Marzo' }).click();
    await inDialog('Aprobar').click();
    await closed();
    await page.goto(`${hub}/campanas/${id}`);
    await reasons('campaignsOff');
    equal(await page.getByTestId('campaign-state').first().textContent(), 'Esperando', 'the badge, for one');
    await api(`/api/sender/programaciones/${schedule.id}`, 'DELETE');
    await page.reload();
    await reasons('campaignsOff,noSchedule');
    equal(await reason('noSchedule').getByRole('link', { name: 'Elegir el horario' }).getAttribute('href'), `/programacion?campania=${id}`, 'the way to a schedule');
  });

  await step('change a password; disable, enable and delete a user', async () => {
    await signIn('admin', password);
    await page.goto(`${hub}/usuarios`);
    await button('Cambiar a eva').click();
    await field('Contraseña nueva').fill('corta');
    await inDialog('Guardar').click();
    await says('Tiene que tener al menos 10 caracteres.');
    await field('Contraseña nueva').fill(NEW_PASSWORD);
    await choose('Rol', 'Administra todo');
    await inDialog('Guardar').click();
    await closed();
    await row('eva').getByText('Administra todo').waitFor();
    const status = async (secret) =>
      (await fetch(`${hub}/api/auth/me`, {
        headers: { authorization: `Basic ${Buffer.from(`eva:${secret}`).toString('base64')}` },
      })).status;
    equal(await status(PASSWORD), 401, 'the old password');
    equal(await status(NEW_PASSWORD), 200, 'the new one');
    await button('Desactivar a eva').click();
    await row('eva').getByText('Desactivado').waitFor();
    equal(await status(NEW_PASSWORD), 401, 'switched off');
    await button('Activar a eva').click();
    await button('Desactivar a eva').waitFor();
    equal(await status(NEW_PASSWORD), 200, 'switched on');
    await button('Borrar a eva').click();
    await inDialog('Borrar').click();
    await closed();
    await row('eva').waitFor({ state: 'detached' });
  });

  await step('no opt-outs yet', async () => {
    await page.goto(`${hub}/bajas`);
    await says('Nadie pidió la baja');
  });

  await step('add an opt-out by hand; sends to the number are refused', async () => {
    await button('Agregar un número').click();
    await inDialog('Agregar').click();
    await dialog().getByText(/número/i).first().waitFor();
    await field('Número').fill('+54 9 11 5825-4299');
    await dialog().getByLabel('Motivo').fill('llamó por teléfono');
    await inDialog('Agregar').click();
    await closed();
    await row('+54 9 11 5825-4299').getByText('llamó por teléfono').waitFor();
    const refused = await fetch(`${hub}/api/send`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
      },
      body: JSON.stringify({ to: '5491158254299', message: 'hola' }),
    });
    equal((await refused.json()).code, 'OPTED_OUT', 'a send');
  });

  await step('change the opt-out words; a contact who writes one is added', async () => {
    const words = page.getByRole('combobox', { name: 'Palabras' });
    await words.fill('Basta');
    await words.press('Enter');
    await button('Guardar las palabras').click();
    await says('Las palabras se guardaron.');
    await eventually('the hub knows', async () =>
      (await api('/api/sender/bajas/palabras')).palabras.some((word) => word.toLowerCase() === 'basta'));
    await standin.leadMessage({ from: LEO, body: 'BASTA' });
    await eventually('it is on the list', async () => (await api('/api/sender/bajas')).bajas.length === 2);
    await page.reload();
    await row('+54 9 11 5825-4202').getByText('Escribió: «BASTA»').waitFor();
    await picture('opt-outs');
  });

  await step('remove an opt-out', async () => {
    await button('Quitar +54 9 11 5825-4202').click();
    await inDialog('Quitar').click();
    await closed();
    await row('+54 9 11 5825-4202').waitFor({ state: 'detached' });
    equal((await api('/api/sender/bajas')).bajas.length, 1, 'one is left');
  });

  await step('phone layout and dark theme', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['bajas', 'usuarios']) {
      await page.goto(`${hub}/${path}`);
      await page.locator('tbody tr').first().waitFor();
      await noSidewaysScroll(path);
      await picture(`phone-${path}`);
    }
  });

  await step('no console errors', visitor.noComplaints);
}

await run(test, visitor.close, 240_000);
