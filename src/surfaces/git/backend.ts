import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GIT_PATH } from '../../repositories/index.ts';
import type { Hooks } from './hooks.ts';

/** One request of a git client, as `git http-backend` needs it. */
export interface BackendRequest {
  readonly root: string;
  /** `/hello.git/info/refs`, checked. */
  readonly path: string;
  readonly query: string;
  readonly user: string;
  /** One-time name of this push, for the hooks; '' for a fetch. */
  readonly push: string;
  readonly hooks: Hooks;
  readonly mostPushBytes: number;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const KILL_AFTER_MS = 2_000;
const MOST_HEADER_BYTES = 64 * 1024;
const LONGEST_COMPLAINT = 4_000;
/** Beside the pack, a push holds its refs; a fetch names the commits that it has. */
const MOST_BYTES_BESIDE = 16 * 1024 * 1024;

/**
 * Answers through `git http-backend`, spoken to as CGI: an argument array, no shell, an environment of its own.
 * Resolves when git has ended. `stop` ends it before. Throws when git gave no answer at all.
 */
export async function serveBackend(
  backend: BackendRequest,
  request: IncomingMessage,
  response: ServerResponse,
  stop: AbortSignal,
): Promise<void> {
  stop.throwIfAborted();
  const child = spawn('git', ['http-backend'], {
    env: environmentOf(backend, request),
    detached: true, // a group of its own, so that it can be ended with the helpers that git runs
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-LONGEST_COMPLAINT);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  ended.catch(() => {}); // awaited below, after the output
  const end = () => endTree(child, ended);
  stop.addEventListener('abort', end, { once: true });
  try {
    feed(child, request, backend.mostPushBytes + MOST_BYTES_BESIDE, end);
    const answered = await passOn(child, response);
    const code = await ended;
    if (answered && code === 0) response.end();
    // An answer that ends as if it were whole, and is not, leaves git clients waiting for ever.
    else if (answered || stop.aborted) response.socket?.destroySoon();
    else throw new Error(`git http-backend gave no answer: ${complaint.trim()}`);
  } finally {
    stop.removeEventListener('abort', end);
  }
}

function environmentOf(backend: BackendRequest, request: IncomingMessage): Record<string, string> {
  const settings: [string, string][] = [
    ['core.hooksPath', backend.hooks.folder],
    ['http.receivepack', 'true'],
    ['http.getanyfile', 'false'],
    ['receive.maxInputSize', String(backend.mostPushBytes)],
    ['receive.fsckObjects', 'true'],
    ['receive.advertisePushOptions', 'true'],
    // Old tools left these in many honest histories; they harm nobody.
    ['receive.fsck.badTimezone', 'ignore'],
    ['receive.fsck.missingSpaceBeforeDate', 'ignore'],
    ['receive.fsck.zeroPaddedFilemode', 'ignore'],
    ['receive.denyDeleteCurrent', 'ignore'],
    ['safe.directory', '*'],
  ];
  return {
    PATH: GIT_PATH,
    HOME: backend.hooks.folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    GIT_PROJECT_ROOT: backend.root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: backend.path,
    QUERY_STRING: backend.query,
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    REMOTE_USER: backend.user,
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    KATABOT_SOCKET: backend.hooks.socket,
    KATABOT_PUSH: backend.push,
  };
}

/** First asks, then makes sure; the whole group, because git runs helpers of its own. */
function endTree(child: Child, ended: Promise<unknown>): void {
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // it is gone already
    }
  };
  kill('SIGTERM');
  const timer = setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS);
  const done = () => clearTimeout(timer);
  ended.then(done, done);
}

/**
 * The client's bytes go to git. When git has heard enough, the rest is read and dropped: a client that is cut off while
 * it speaks never hears why.
 */
function feed(child: Child, request: IncomingMessage, mostBytes: number, end: () => void): void {
  const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  let bytes = 0;
  body.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > mostBytes) end();
  });
  body.on('error', () => child.stdin.destroy());
  child.stdin.on('error', () => body.resume()); // it ended early and says why on its output
  body.pipe(child.stdin);
}

/** The CGI head becomes the answer's head; the rest passes as it comes, as fast as the client takes it. */
async function passOn(child: Child, response: ServerResponse): Promise<boolean> {
  let head = Buffer.alloc(0);
  let open = false;
  for await (const part of child.stdout) {
    if (open) {
      await write(response, part);
      continue;
    }
    head = Buffer.concat([head, part]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length > MOST_HEADER_BYTES) break;
    if (end < 0) continue;
    open = true;
    writeHead(response, head.subarray(0, end).toString('latin1'));
    await write(response, head.subarray(end + 4));
  }
  return open;
}

/** What nobody reads any more is dropped, so that git does not wait for a reader that left. */
async function write(response: ServerResponse, part: Buffer): Promise<void> {
  if (response.destroyed || response.write(part)) return;
  const taken = new AbortController();
  await Promise.race([
    once(response, 'drain', { signal: taken.signal }),
    once(response, 'close', { signal: taken.signal }),
  ]);
  taken.abort();
}

function writeHead(response: ServerResponse, head: string): void {
  if (response.headersSent) return;
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number(value.slice(0, 3));
    else if (colon > 0) response.setHeader(name, value);
  }
  response.writeHead(status);
}
