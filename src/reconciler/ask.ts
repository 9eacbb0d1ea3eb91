import { request as requestHttp } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type Clock, within } from '../clock.ts';
import type { Engine, Session } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Probe } from '../spec/index.ts';
import { type Answer, answerOf } from './health.ts';

export interface Question {
  readonly key: GroupKey;
  readonly container: string;
  /** Of several sandboxes the one that is asked, as engines take it. */
  readonly upTo: number;
  readonly probe: Probe;
  readonly timeoutMs: number;
}

/** What still runs of an asking that was given up. */
export interface Rest {
  readonly over: boolean;
  /** False while the engine has not started the program. */
  readonly begun: boolean;
}

export const NOTHING: Rest = { over: true, begun: true };

interface AskParts {
  readonly engine: Engine;
  readonly clock: Clock;
}

/** What is kept of a program's last line. */
const LONGEST_TEXT = 200;
const MOST_REDIRECTS = 10;
/** The engine's own part, before the probe's patience begins: a busy host must not end a healthy container. */
const ENGINE_TIMEOUT_MS = 30_000;

/**
 * Asks once. Gives undefined when nothing was learnt about the container: the engine is away or too busy, or the container
 * has just ended. `rest` is over when nothing of the asking runs any more: a program that is late cannot be ended by an engine.
 */
export async function ask(
  parts: AskParts,
  question: Question,
  signal: AbortSignal,
): Promise<{ answer: Answer | undefined; rest: Rest }> {
  try {
    const { exec, httpGet } = question.probe;
    if (exec) return await askProgram(parts, question, exec.command, signal);
    if (httpGet) return { answer: await askHttp(parts, question, httpGet, signal), rest: NOTHING };
    return { answer: undefined, rest: NOTHING };
  } catch (error) {
    return { answer: failingAnswer(error, signal), rest: NOTHING };
  }
}

/** Which failures are the container's own; the rest is the engine's and says nothing about the container. */
const OF_THE_CONTAINER = ['command-not-found', 'command-not-executable', 'sandbox-outdated'];

function failingAnswer(error: unknown, signal: AbortSignal): Answer | undefined {
  if (signal.aborted) return undefined;
  if (error instanceof Failure && !OF_THE_CONTAINER.includes(error.code)) return undefined;
  return { ok: false, text: messageOf(error).slice(0, LONGEST_TEXT) };
}

const LATE = Symbol('late');

/** The result, or LATE when it takes longer. */
async function patiently<T>(clock: Clock, timeoutMs: number, work: Promise<T>): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>();
  const cancel = clock.after(timeoutMs, () => late.resolve(LATE));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}

async function askProgram(
  { engine, clock }: AskParts,
  { key, container, upTo, timeoutMs }: Question,
  command: readonly string[],
  signal: AbortSignal,
): Promise<{ answer: Answer | undefined; rest: Rest }> {
  const session = await engine.exec({ key, container, upTo, command, input: false }, signal);
  const ended = endOf(session);
  const rest = { over: false, begun: false };
  const over = () => {
    rest.over = true;
  };
  ended.then(over, over);
  const begun = session.begun().then(() => {
    rest.begun = true;
  });
  begun.catch(() => {}); // it may come after it was given up
  const start = await patiently(clock, ENGINE_TIMEOUT_MS, Promise.race([begun, ended]));
  const end = start === LATE ? 'not begun' : await patiently(clock, timeoutMs, ended);
  return { answer: answerOf(end === LATE ? 'late' : end, timeoutMs), rest };
}

/** Reads a program to its end; keeps the last of what it printed. */
async function endOf({ output, exitCode }: Session): Promise<{ exitCode: number; lastLine: string }> {
  let tail = '';
  for await (const { bytes } of output) tail = `${tail}${Buffer.from(bytes)}`.slice(-2_000);
  return {
    exitCode: await exitCode,
    lastLine: tail.trim().split('\n').at(-1)?.trim().slice(0, LONGEST_TEXT) ?? '',
  };
}

type HttpGet = NonNullable<Probe['httpGet']>;

/** As Kubernetes asks: 200 to 399 is a success, and a redirect is followed within the group alone. */
async function askHttp(
  parts: AskParts,
  question: Question,
  { path = '/', port, scheme = 'http', httpHeaders = [] }: HttpGet,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
  let url = new URL(`${scheme}://localhost:${port}`);
  const [pathname = '/', search = ''] = (path.startsWith('/') ? path : `/${path}`).split(/(?=\?)/);
  url.pathname = pathname;
  url.search = search;
  for (let count = 0; count <= MOST_REDIRECTS; count++) {
    const got = await getOnce(parts, question, url, headers, signal);
    if (got === LATE) return answerOf('late', question.timeoutMs);
    if (got.status < 200 || got.status >= 400)
      return { ok: false, text: `HTTP ${got.status} from ${port}${path}` };
    const next = got.location === undefined ? undefined : URL.parse(got.location, url.href);
    if (got.status < 300 || !next || next.hostname !== url.hostname) return { ok: true };
    url = next;
  }
  return { ok: false, text: `more than ${MOST_REDIRECTS} redirects from ${port}${path}` };
}

async function getOnce(
  { engine, clock }: AskParts,
  { key, upTo, timeoutMs }: Question,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ status: number; location: string | undefined } | typeof LATE> {
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const patience = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const stream = await within(patience, engine.dial({ key, port, upTo }, signal));
  try {
    return await patiently(clock, timeoutMs, statusOver(stream, url, headers));
  } catch (error) {
    throw new Error(`port ${port}: ${messageOf(error)}`, { cause: error });
  } finally {
    stream.destroy();
  }
}

/** One request over a connection that is there already. Whose certificate it is does not matter, as in Kubernetes. */
function statusOver(
  stream: Duplex,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    if (stream.errored) throw stream.errored;
    const connection =
      url.protocol === 'https:' ? connectTls({ socket: stream, rejectUnauthorized: false }) : stream;
    connection.on('error', reject);
    stream
      .on('error', reject)
      .on('close', () => reject(new Error('the connection was closed without an answer')));
    requestHttp({
      createConnection: () => connection,
      host: url.hostname,
      port: url.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        'user-agent': 'katabot-probe',
        accept: '*/*',
        connection: 'close',
        ...headers,
      },
    })
      .on('response', ({ statusCode = 0, headers: { location } }) =>
        resolve({ status: statusCode, location }),
      )
      .on('error', reject)
      .end();
  });
}
