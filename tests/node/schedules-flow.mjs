// Tests schedules on the hub's page in Chromium: create, approve, change, pause and delete them in
// the week view and in the list; on a phone; and the limits of a business user.
//
//   HUB_URL=… ADMIN_PASSWORD=… node schedules-flow.mjs
//
// With SCREENSHOTS=<folder> a screenshot of every screen is saved.
import { assert, assertEqual, eventually, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password, SCREENSHOTS: screenshotFolder } = process.env;
if (!hub || !password) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… node schedules-flow.mjs');
  process.exit(2);
}

const SCHEDULES = '/api/sender/programaciones';
const EVERY_DAY = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const visitor = createVisitor({ hub, password, screenshotFolder });
const { api, button, dialog, signIn, assertNoSidewaysScroll, takeScreenshot, waitForText } = visitor;
let page = null;
const ids = {};

const campaign = async (nombre, cliente_id) =>
  (await api('/api/sender/campaigns', 'POST', { nombre, mensaje: 'Hola {nombre}', cliente_id })).id;
const schedule = (body) =>
  api(SCHEDULES, 'POST', { dias_semana: EVERY_DAY, hora_inicio: '09:00', hora_fin: '12:00', ...body });
const approve = ({ id }) => api(`${SCHEDULES}/${id}/approve`, 'POST');
const blocks = (name) => page.locator('[data-estado]', { hasText: name });
const column = (day) => page.locator(`ul[data-day="${day}"]`);
/** Selects an option of a segmented control by its label, because the radio input is hidden. */
const choose = (group, name) =>
  page.getByRole('radiogroup', { name: group }).locator('label', { hasText: name }).click();
const dialogOpen = (name) => dialog().getByRole('heading', { name }).waitFor();
const dialogClosed = () => dialog().waitFor({ state: 'hidden' });
const openBlock = async (name) => {
  await blocks(name).first().click();
  await dialogOpen(name);
};
const state = (estado) =>
  eventually(`the schedule is ${estado}`, async () =>
    (await blocks('Promoción de marzo').first().getAttribute('data-estado')) === estado);
const clickInDialog = (name) => dialog().getByRole('button', { name, exact: true }).click();
const today = () =>
  new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Argentina/Buenos_Aires' }).format(new Date());
const addDays = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

async function test() {
  page = await visitor.open();
  ids.march = await campaign('Promoción de marzo', 51);
  ids.debts = await campaign('Aviso de vencimiento', 52);
  await api('/api/users', 'POST', {
    username: 'ana',
    password: 'la contraseña de ana',
    role: 'cliente',
    cliente_id: 51,
  });

  await step('no schedules yet', async () => {
    await page.goto(`${hub}/programacion`);
    await signIn('admin', password);
    await page.getByRole('heading', { name: 'Programación', level: 1 }).waitFor();
    await waitForText('Esta semana no sale nada.');
    await waitForText('(hora de Buenos Aires)');
    await choose('Vista', 'Lista');
    await waitForText('Todavía no hay programaciones');
    await takeScreenshot('empty');
    await choose('Vista', 'Semana');
  });

  await step('input errors are shown without a request', async () => {
    await button('Nueva programación').click();
    await dialogOpen('Nueva programación');
    assertEqual(await dialog().getByLabel('Máximo por día').inputValue(), '50', 'errors of the quota');
    assertEqual(await dialog().getByLabel('Pausa mínima (s)').inputValue(), '30', 'errors of the pause');
    assertEqual(await dialog().getByLabel('Pausa máxima (s)').inputValue(), '90', 'errors of the pause');
    await dialog().getByLabel('Máximo por día').fill('0');
    await dialog().getByLabel('Primer día').fill('2026-03-02');
    await dialog().getByLabel('Último día').fill('2026-03-01');
    await clickInDialog('Guardar');
    for (const text of ['Elegí una campaña.', 'Un número entero de 1 a 100000.', 'anterior al primero']) {
      await waitForText(text);
    }
    await takeScreenshot('problems');
  });

  await step('search for a campaign and create a schedule for it', async () => {
    await dialog().getByLabel('Máximo por día').fill('40');
    await dialog().getByLabel('Primer día').fill('');
    await dialog().getByLabel('Último día').fill('');
    await dialog().getByRole('textbox', { name: 'Campaña' }).or(dialog().getByRole('combobox', { name: 'Campaña' })).first().fill('PROMOCION');
    await page.getByRole('option', { name: /Promoción de marzo/ }).waitFor();
    await page.getByRole('option', { name: /Aviso de vencimiento/ }).waitFor({ state: 'detached' });
    await page.getByRole('option', { name: /Promoción de marzo/ }).click();
    await dialog().getByRole('button', { name: 'Todos', exact: true }).click();
    await dialog().getByLabel('Desde las').fill('22:00');
    await dialog().getByLabel('Hasta las').fill('02:00');
    await waitForText('Termina al día siguiente.');
    await waitForText('salen hasta 240 mensajes');
    assert(await dialog().getByLabel('Aprobarla al guardar').isChecked(), 'the schedule is not approved when saved');
    await dialog().getByLabel('Aprobarla al guardar').uncheck();
    await takeScreenshot('form');
    await clickInDialog('Guardar');
    await dialogClosed();
    await blocks('Promoción de marzo').first().waitFor();
    // The window crosses midnight, so each day has two blocks.
    assertEqual(await blocks('Promoción de marzo').count(), 14, 'blocks of the schedule');
    assertEqual(await blocks('Promoción de marzo').first().getAttribute('data-estado'), 'pendiente', 'the state');
    await waitForText('Por aprobar');
  });

  await step('approve a schedule', async () => {
    await openBlock('Promoción de marzo');
    await waitForText('La campaña todavía no se aprobó');
    await takeScreenshot('detail');
    await clickInDialog('Aprobar');
    await dialogClosed();
    await state('aprobada');
  });

  await step('undo an approval from its notification', async () => {
    const notification = page.getByRole('alert').filter({ hasText: 'Horario aprobado' });
    await notification.waitFor();
    await takeScreenshot('toast');
    await notification.getByRole('button', { name: 'Deshacer' }).click();
    await state('pendiente');
    await page.getByRole('alert').filter({ hasText: 'Deshecho' }).waitFor();
    assertEqual((await api(`${SCHEDULES}?limite=5`)).programaciones.map(({ estado }) => estado).join(), 'pendiente', 'the schedule’s state at the hub');
    await openBlock('Promoción de marzo');
    await clickInDialog('Aprobar');
    await dialogClosed();
    await state('aprobada');
  });

  await step('a changed schedule has to be approved again', async () => {
    await openBlock('Promoción de marzo');
    await clickInDialog('Modificar');
    await dialogOpen('Modificar la programación');
    await waitForText('Al guardar vuelve a quedar por aprobar');
    await dialog().getByLabel('Desde las').fill('09:00');
    await dialog().getByLabel('Hasta las').fill('12:30');
    await clickInDialog('Guardar');
    await dialogClosed();
    await eventually('the schedule waits for approval again', async () =>
      (await blocks('Promoción de marzo').count()) === 7 &&
      (await blocks('Promoción de marzo').first().getAttribute('data-estado')) === 'pendiente');
  });

  await step('change and approve in one step', async () => {
    await openBlock('Promoción de marzo');
    await clickInDialog('Modificar');
    await dialog().getByLabel('Comentario').fill('Solo por la mañana');
    await dialog().getByLabel('Aprobarla al guardar').check();
    assert(await page.getByText('Al guardar vuelve').isHidden(), 'the form says that the schedule must be approved again');
    await clickInDialog('Guardar');
    await dialogClosed();
    await eventually('the schedule is approved', async () =>
      (await blocks('Promoción de marzo').first().getAttribute('data-estado')) === 'aprobada');
  });

  await step('overlapping blocks are side by side; today shows the current time', async () => {
    await approve(await schedule({ campania_id: ids.debts, hora_inicio: '11:00', hora_fin: '15:00' }));
    await schedule({ campania_id: ids.debts, hora_inicio: '00:00', hora_fin: '24:00', comentario: 'entera' });
    await page.reload();
    await blocks('Aviso de vencimiento').first().waitFor();
    const boxes = await column(today()).locator('[data-estado]').evaluateAll((elements) =>
      elements.map((block) => {
        const { left, right, top, bottom } = block.getBoundingClientRect();
        return { left, right, top, bottom };
      }));
    assertEqual(boxes.length, 3, 'blocks of today');
    for (const a of boxes) {
      for (const b of boxes.filter((other) => other !== a)) {
        const apart = a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
        assert(apart, `two blocks overlap: ${JSON.stringify(boxes)}`);
      }
    }
    await column(today()).getByTestId('now').waitFor();
    assertEqual(await page.getByTestId('now').count(), 1, 'marks of the current time');
    await takeScreenshot('week');
  });

  await step('move between weeks; schedules appear on their dates', async () => {
    const next = addDays(today(), 7);
    await schedule({ campania_id: ids.march, hora_inicio: '16:00', hora_fin: '17:00', fecha_inicio: next, fecha_fin: next, comentario: 'un día' });
    const here = await page.getByTestId('week').textContent();
    await button('7 días después').click();
    await column(next).locator('[data-estado]', { hasText: '16:00' }).waitFor();
    assertEqual(await page.locator('[data-estado]', { hasText: '16:00' }).count(), 1, 'days of the week view');
    assert((await page.getByTestId('week').textContent()) !== here, 'the heading has not changed');
    assertEqual(await page.getByTestId('now').count(), 0, 'marks of the current time in another week');
    await page.reload();
    await column(next).locator('[data-estado]', { hasText: '16:00' }).waitFor();
    await button('Hoy').click();
    await eventually('this week', async () => (await page.getByTestId('week').textContent()) === here);
    await button('7 días antes').click();
    await column(addDays(today(), -7)).waitFor();
    await button('Hoy').click();
  });

  await step('pause a schedule with a reason', async () => {
    await openBlock('Promoción de marzo');
    await clickInDialog('Pausar');
    await dialogOpen('¿Pausar la programación?');
    await dialog().getByLabel('Motivo (opcional)').fill('Feriado');
    await takeScreenshot('pause');
    await clickInDialog('Pausar');
    await dialogClosed();
    await eventually('the schedule is paused', async () => (await page.locator('[data-estado="pausada"]').count()) === 7);
    await openBlock('Promoción de marzo');
    await waitForText('Feriado');
    await clickInDialog('Cerrar');
    await dialogClosed();
  });

  await step('the list shows the same schedules and can be filtered', async () => {
    await choose('Vista', 'Lista');
    const table = page.getByRole('table', { name: 'Programaciones' });
    await table.waitFor();
    assertEqual(await table.getByRole('row').count(), 5, 'rows of the list, with the headings');
    await table.getByText('Feriado').waitFor();
    await takeScreenshot('list');
    await page.getByRole('textbox', { name: 'Estado' }).or(page.getByRole('combobox', { name: 'Estado' })).first().click();
    await page.getByRole('option', { name: 'Por aprobar' }).click();
    await eventually('two schedules wait', async () => (await table.getByRole('row').count()) === 3);
  });

  await step('reject a schedule; delete it after a question', async () => {
    const first = page.getByRole('button', { name: /^Ver la programación de/ }).first();
    await first.click();
    await dialog().waitFor();
    await clickInDialog('Rechazar');
    await dialogOpen('¿Rechazar la programación?');
    await dialog().getByLabel('Motivo (opcional)').fill('Se superpone');
    await clickInDialog('Rechazar');
    await dialogClosed();
    await eventually('one schedule waits', async () => (await page.getByRole('row').count()) === 2);
    await first.click();
    await clickInDialog('Borrar');
    await dialogOpen('¿Borrar la programación?');
    await clickInDialog('Cancelar');
    await clickInDialog('Borrar');
    await dialogOpen('¿Borrar la programación?');
    await clickInDialog('Borrar');
    await dialogClosed();
    await waitForText('No hay programaciones en este estado.');
  });

  await step('filter by campaign; a new schedule is for that campaign', async () => {
    await page.goto(`${hub}/programacion?campania=${ids.march}`);
    await waitForText('Solo la campaña “Promoción de marzo”');
    await blocks('Promoción de marzo').first().waitFor();
    assertEqual(await blocks('Aviso de vencimiento').count(), 0, 'schedules of another campaign');
    await button('Nueva programación').click();
    await eventually('the new schedule is for this campaign', async () =>
      (await dialog().getByRole('textbox', { name: 'Campaña' }).or(dialog().getByRole('combobox', { name: 'Campaña' })).first().inputValue()).startsWith('Promoción de marzo'));
    await clickInDialog('Cancelar');
    await dialogClosed();
    await button('Ver todas las campañas').click();
    await blocks('Aviso de vencimiento').first().waitFor();
  });

  await step('phone layout with one day at a time, and dark theme', async () => {
    await page.goto(`${hub}/programacion`);
    await blocks('Aviso de vencimiento').first().waitFor();
    await page.emulateMedia({ colorScheme: 'dark' });
    await takeScreenshot('week-dark');
    await page.setViewportSize({ width: 360, height: 740 });
    await eventually('one day', async () => (await page.locator('ul[data-day]').count()) === 1);
    await assertNoSidewaysScroll('the week');
    await takeScreenshot('phone-week');
    await blocks('Aviso de vencimiento').first().click();
    await dialog().waitFor();
    await assertNoSidewaysScroll('a schedule');
    await takeScreenshot('phone-detail');
    await clickInDialog('Modificar');
    await dialog().getByLabel('Desde las').waitFor();
    await assertNoSidewaysScroll('the form');
    await takeScreenshot('phone-form');
    await clickInDialog('Cancelar');
    await clickInDialog('Cerrar');
    await dialogClosed();
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  await step('a business user sees only its own schedules and cannot approve', async () => {
    await button('Cerrar sesión').click();
    await signIn('ana', 'la contraseña de ana');
    await blocks('Promoción de marzo').first().waitFor();
    assertEqual(await blocks('Aviso de vencimiento').count(), 0, 'schedules of another business');
    await openBlock('Promoción de marzo');
    for (const name of ['Aprobar', 'Volver a aprobar', 'Rechazar']) {
      assertEqual(await dialog().getByRole('button', { name, exact: true }).count(), 0, name);
    }
    await clickInDialog('Cerrar');
    await dialogClosed();
    await button('Nueva programación').click();
    await waitForText('Un administrador la tiene que aprobar');
    assertEqual(await dialog().getByLabel('Aprobarla al guardar').count(), 0, 'buttons to approve');
    await takeScreenshot('cliente');
    await clickInDialog('Cancelar');
  });

  await step('no console errors', () => visitor.assertNoPageErrors());
}

await run(test, () => visitor.close(), 240_000);
