// A TCP proxy between the browser and the hub, whose connections a test can cut and restore.
import { createServer, connect } from 'node:net';

/** Starts a proxy to `target`. The browser uses the returned `url` instead of `target`. */
export async function startProxy(target) {
  const { hostname, port: targetPort } = new URL(target);
  const open = new Set();
  let server = null;
  let port = 0;

  const listen = () =>
    new Promise((resolve, reject) => {
      server = createServer((near) => {
        const far = connect(Number(targetPort), hostname);
        for (const [source, sink] of [
          [near, far],
          [far, near],
        ]) {
          open.add(source);
          source.on('error', () => sink.destroy());
          source.on('close', () => {
            open.delete(source);
            sink.destroy();
          });
          source.pipe(sink);
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
  return { url: `http://127.0.0.1:${port}`, cut, restore: listen };
}
