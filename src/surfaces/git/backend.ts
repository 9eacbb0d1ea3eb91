import { type ChildProcess, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { Hooks } from './hooks.ts';

const KILL_AFTER_MS = 2_000;
const MOST_HEADER_BYTES = 64 * 1024;

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

/**
 * Answers through `git http-backend`, spoken to as CGI: an argument array, no shell, an environment of its own.
 * `stoppable` says whether the work may still be ended when the client goes away.
 */
export async function serveBackend(
  backend: BackendRequest,
  request: IncomingMessage,
  response: ServerResponse,
  stoppable: () => boolean,
): Promise<void> {
  const child = spawn('git', ['http-backend'], {
    env: environmentOf(backend, request),
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  response.once('close', () => {
    if (child.exitCode === null && stoppable()) endTree(child, ended);
  });
  child.stdin.on('error', () => {}); // it ended early and says why on its output
  const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  body.on('error', () => child.stdin.destroy());
  body.pipe(child.stdin);
  await passOn(child, response);
  await ended;
}

/** First asks, then makes sure; the whole group, because git runs helpers of its own. */
function endTree(child: ChildProcess, ended: Promise<void>): void {
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // it is gone already
    }
  };
  kill('SIGTERM');
  const timer = setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS);
  void ended.then(() => clearTimeout(timer));
}

function environmentOf(backend: BackendRequest, request: IncomingMessage): Record<string, string> {
  const settings: [string, string][] = [
    ['core.hooksPath', backend.hooks.folder],
    ['http.receivepack', 'true'],
    ['receive.maxInputSize', String(backend.mostPushBytes)],
    ['receive.fsckObjects', 'true'],
    ['receive.denyDeleteCurrent', 'ignore'],
    ['safe.directory', '*'],
  ];
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
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

/** The CGI head becomes the answer's head; the rest passes as it comes. */
async function passOn(child: ChildProcess, response: ServerResponse): Promise<void> {
  if (!child.stdout) return;
  let head = Buffer.alloc(0);
  let open = false;
  for await (const chunk of child.stdout) {
    if (open) {
      if (!response.destroyed) response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length < MOST_HEADER_BYTES) continue;
    if (end < 0) break;
    writeHead(response, head.subarray(0, end).toString('latin1'));
    open = true;
    if (!response.destroyed) response.write(head.subarray(end + 4));
  }
  if (!open && !response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
  response.end();
}

function writeHead(response: ServerResponse, head: string): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number(value.slice(0, 3));
    else if (colon > 0) response.setHeader(name, value);
  }
  response.writeHead(status);
}
