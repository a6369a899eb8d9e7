// Reads the hub's event stream over HTTP/2, as a browser does, and prints the name of each event.
// Ends when its standard input is closed.
//
//   ORIGIN=https://name:port AUTHORITY=name CA=ca.pem PASSWORD=… node http2-events.mjs
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';

const { ORIGIN, AUTHORITY, CA, PASSWORD } = process.env;
if (!ORIGIN || !AUTHORITY || !CA || !PASSWORD) {
  console.error('usage: ORIGIN=… AUTHORITY=… CA=… PASSWORD=… node http2-events.mjs');
  process.exit(2);
}

// Negotiates with ALPN: a server without HTTP/2 is an error.
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
