/** The HTTP surface on a loopback port, over commands and sessions that a test decides. */
import type { Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createOperations, type Said } from '../../../src/commands/index.ts';
import type { Session } from '../../../src/engines/index.ts';
import type { Caller } from '../../../src/policy/index.ts';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import type { KeyBook, UsedKey } from '../../../src/store/index.ts';
import { createWeb, listen } from '../../../src/surfaces/web/index.ts';
import { createManualClock, type ManualClock } from '../../world/clock.ts';

export const DONE: Outcome = { kind: 'done', code: 'status', blocks: [], data: { groups: [] } };

const CALLERS: Readonly<Record<string, Caller>> = {
  right: { name: 'ann', right: 'reader' },
  'of-bo': { name: 'bo', right: 'deployer' },
  'of-olga': { name: 'olga', right: 'operator' },
};

export type Run = (said: Said, signal: AbortSignal) => AsyncGenerator<Block, Outcome>;
export type OpenSession = (kind: 'exec' | 'attach', caller: Caller, request: unknown) => Promise<Session>;

export interface ServedWeb {
  readonly url: string;
  readonly clock: ManualClock;
  readonly heard: { words: readonly string[]; caller: string; line?: string; surface: string }[];
  readonly reported: unknown[];
  /** What the next command does. */
  run: Run;
  session: OpenSession;
  /** Whether it would be opened; it would, unless a test says otherwise. */
  admitSession: (kind: 'exec' | 'attach', caller: Caller, request: unknown) => Promise<void>;
  /** Tokens that are none any more. */
  readonly revoked: Set<string>;
  /** Says a command; the body may be anything. */
  ask(body: unknown, more?: Asking): Promise<Response>;
  get(path: string, more?: Asking): Promise<Response>;
  /** A bot that starts anew over the same books. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Asking {
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function serveWeb({
  tls,
  requestsPerSecond = 1_000,
}: {
  tls?: { certificate: string; key: string };
  requestsPerSecond?: number;
} = {}): Promise<ServedWeb> {
  const clock = createManualClock();
  const keys = keyBook();
  let server: Server;
  let url = '';
  const open = async () => {
    const operations = createOperations({
      clock,
      run(said, signal) {
        const { words, line, surface } = said;
        served.heard.push({
          words,
          caller: said.caller.name,
          surface,
          ...(line === undefined ? {} : { line }),
        });
        return served.run(said, signal);
      },
      reportInternal: report,
    });
    const web = createWeb({
      clock,
      authenticate: async (token) => (served.revoked.has(token) ? undefined : CALLERS[token]),
      operations,
      keys,
      pepper: 'pepper',
      sessions: {
        exec: (caller, request) => served.session('exec', caller, request),
        attach: (caller, request) => served.session('attach', caller, request),
        admit: (caller, { kind, request }) => served.admitSession(kind, caller, request),
      },
      figures: async () => ({ groups: [], used: [] }),
      seesAll: (caller) => caller.right === 'operator',
      requestsPerSecond,
      async git(request, response) {
        if (request.url === '/git/broken.git') throw new Error('a secret of the inside');
        response.end(`${request.method} ${request.url} ${(await buffer(request)).toString('hex')}`);
      },
      reportInternal: report,
    });
    server = await listen(web, { host: '127.0.0.1', port: 0, tls });
    const address = server.address();
    url = `${tls ? 'https' : 'http'}://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  };
  const report = (error: unknown) => {
    served.reported.push(error);
    return 'k7f2';
  };
  const close = () =>
    new Promise<void>((done) => {
      server.closeAllConnections();
      server.close(() => done());
    });
  const request = (path: string, { token = 'right', signal, headers = {} }: Asking, more: RequestInit) =>
    fetch(`${url}${path}`, {
      ...more,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(signal ? { signal } : {}),
    });
  const served: ServedWeb = {
    get url() {
      return url;
    },
    clock,
    heard: [],
    reported: [],
    run: async function* () {
      yield { kind: 'text', text: 'first' };
      return DONE;
    },
    session: () => Promise.reject(new Error('no session was expected')),
    admitSession: async () => {},
    revoked: new Set(),
    ask: (body, more = {}) =>
      request(
        '/api/v1/commands',
        { ...more, headers: { 'content-type': 'application/json', ...more.headers } },
        { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) },
      ),
    get: (path, more = {}) => request(path, more, {}),
    async restart() {
      await close();
      await open();
    },
    close,
  };
  await open();
  return served;
}

function keyBook(): KeyBook {
  const used = new Map<string, UsedKey>();
  return {
    find: async (caller, key) => used.get(`${caller} ${key}`),
    async use(caller, key, more) {
      used.set(`${caller} ${key}`, { ...more, outcome: undefined });
    },
    async end(caller, key, outcome) {
      const known = used.get(`${caller} ${key}`);
      if (known) used.set(`${caller} ${key}`, { ...known, outcome });
    },
    async forget(beforeMs) {
      for (const [name, { atMs }] of used) if (atMs < beforeMs) used.delete(name);
    },
  };
}

export async function linesOf(response: Response) {
  return (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
