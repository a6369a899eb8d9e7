// The line between the browser and the hub, which a test can cut and mend.
import { createServer, connect } from 'node:net';

/** Passes bytes on to `target`; `url` is where the browser goes instead. */
export async function line(target) {
  const { hostname, port: targetPort } = new URL(target);
  const open = new Set();
  let server = null;
  let port = 0;

  const listen = () =>
    new Promise((resolve, reject) => {
      server = createServer((near) => {
        const far = connect(Number(targetPort), hostname);
        for (const [one, other] of [
          [near, far],
          [far, near],
        ]) {
          open.add(one);
          one.on('error', () => other.destroy());
          one.on('close', () => {
            open.delete(one);
            other.destroy();
          });
          one.pipe(other);
        }
      });
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        port = server.address().port;
        resolve();
      });
    });

  const cut = () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    return closed;
  };

  await listen();
  return { url: `http://127.0.0.1:${port}`, cut, mend: listen };
}
