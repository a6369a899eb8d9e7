// Tests that the page marks users and tokens that were created while the hub had no password, until
// they get a new password or are revoked.
//
//   HUB_URL=… ADMIN_PASSWORD=… node unguarded-flow.mjs
//
// The hub has a user `eva` and a token `vieja` from the time before it had a password.
import { assertEqual, eventually, run, step } from './lib/flow.mjs';
import { createVisitor } from './lib/visitor.mjs';

const { HUB_URL: hub, ADMIN_PASSWORD: password } = process.env;
if (!hub || !password) {
  console.error('usage: HUB_URL=… ADMIN_PASSWORD=… node unguarded-flow.mjs');
  process.exit(2);
}

const visitor = createVisitor({ hub, password });
const { api, signIn } = visitor;
let page = null;

const row = (text) => page.locator('tbody tr').filter({ hasText: text });
const MARK = /^Cread[oa] sin contraseña$/;
const marks = (text) => row(text).getByText(MARK);

async function test() {
  page = await visitor.open();

  await step('an unprotected user is marked until it gets a new password', async () => {
    await page.goto(`${hub}/usuarios`);
    await signIn('admin', password);
    await marks('eva').waitFor();
    // The other user cannot be found by name: "admin" is also part of both users' role.
    assertEqual(await page.locator('tbody tr').count(), 2, 'marks of unprotected users');
    assertEqual(await page.getByText(MARK).count(), 1, 'marks of unprotected users');
    const { users } = await api('/api/users');
    const { id } = users.find(({ username }) => username === 'eva');
    await api(`/api/users/${id}`, 'PUT', { password: 'otra clave larga' });
    await page.reload();
    await row('eva').waitFor();
    await eventually('no marks are left', async () => (await marks('eva').count()) === 0);
  });

  await step('an unprotected token is marked, a new token is not', async () => {
    await api('/api/tokens', 'POST', { name: 'nueva', scopes: ['read'] });
    await page.goto(`${hub}/integraciones`);
    await marks('vieja').waitFor();
    await row('nueva').waitFor();
    assertEqual(await marks('nueva').count(), 0, 'marks of the new token');
  });
}

await run(test, visitor.close);
