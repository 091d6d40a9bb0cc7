import { createServer, type Socket } from 'node:net';
import { parseCode } from './codes.ts';
import { APP_ID, APP_SECRET } from './contract.ts';
import { openIdOf } from './people.ts';

/**
 * A process in place of WeChat: GET /sns/jscode2session over keep-alive connections, nothing else. It is written on
 * sockets because it shares a core with the database and the load: node:http costs three times as much per request.
 */
const MAX_HEAD = 16_384;
const MAX_SPENT = 2_000_000;
const END_OF_HEAD = '\r\n\r\n';

/** A code is valid once, as with WeChat: a server that sends one twice fails. */
const spent = new Set<string>();

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let unread = '';
  socket.on('data', (chunk) => {
    unread += chunk.toString('latin1');
    for (let end = unread.indexOf(END_OF_HEAD); end >= 0; end = unread.indexOf(END_OF_HEAD)) {
      respond(socket, unread.slice(0, unread.indexOf('\r\n')));
      unread = unread.slice(end + END_OF_HEAD.length);
    }
    if (unread.length > MAX_HEAD) socket.destroy();
  });
  socket.on('error', () => socket.destroy());
});
server.listen(Number(process.env.PORT), '127.0.0.1');

function respond(socket: Socket, requestLine: string): void {
  const [method, target = ''] = requestLine.split(' ');
  const [path, query = ''] = target.split('?');
  if (method !== 'GET' || path !== '/sns/jscode2session') {
    write(socket, { errcode: 40066, errmsg: 'invalid url' });
    return;
  }
  const { delayMs, body } = exchange(new URLSearchParams(query));
  if (delayMs === 0) write(socket, body);
  else setTimeout(write, delayMs, socket, body);
}

function exchange(query: URLSearchParams): { delayMs: number; body: object } {
  if (query.get('appid') !== APP_ID) return failure(40013, 'invalid appid');
  if (query.get('secret') !== APP_SECRET) return failure(40125, 'invalid appsecret');
  if (query.get('grant_type') !== 'authorization_code') return failure(40002, 'invalid grant_type');
  const text = query.get('js_code') ?? '';
  const code = parseCode(text);
  if (!code) return failure(40029, 'invalid code');
  if (spent.has(text)) return failure(40163, 'code been used');
  if (spent.size >= MAX_SPENT) spent.clear();
  spent.add(text);
  const session_key = Buffer.from(String(code.serial).padStart(16, '0'), 'latin1').toString('base64');
  return { delayMs: code.delayMs, body: { session_key, openid: openIdOf(code.user) } };
}

function failure(errcode: number, errmsg: string) {
  return { delayMs: 0, body: { errcode, errmsg } };
}

/** WeChat declares its JSON as text. */
function write(socket: Socket, body: object): void {
  if (socket.destroyed) return;
  const text = JSON.stringify(body);
  socket.write(
    `HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
}
