// Reads a stream of events as a browser does, over HTTP/2, and writes the name of
// each as it comes; ends when its stdin does.
//
//   ORIGIN=https://name:port AUTHORITY=name CA=ca.pem PASSWORD=… node http2-events.mjs
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

const { ORIGIN, AUTHORITY, CA, PASSWORD } = process.env;
if (!ORIGIN || !AUTHORITY || !CA || !PASSWORD) {
  console.error('usage: ORIGIN=… AUTHORITY=… CA=… PASSWORD=… node http2-events.mjs');
  process.exit(2);
}

// With ALPN: a server that has no HTTP/2 is an error here.
const session = connect(ORIGIN, { ca: readFileSync(CA), servername: AUTHORITY });
const fail = (error) => {
  console.error(error);
  process.exit(1);
};
session.on('error', fail);
const stream = session.request({
  ':path': '/api/events',
  ':authority': AUTHORITY,
  authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`,
});
stream.on('error', fail);
stream.on('response', (headers) => console.log(`status ${headers[':status']}`));
stream.setEncoding('utf8');
let text = '';
stream.on('data', (chunk) => {
  text += chunk;
  const lines = text.split('\n');
  text = lines.pop();
  for (const line of lines) if (line.startsWith('event: ')) console.log(line);
});
process.stdin.resume();
process.stdin.on('end', () => session.destroy());
