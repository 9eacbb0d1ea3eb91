/** A bot as a process of its own, and as an app within the test, each with a data folder that goes with it. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { type App, type AppParts, createApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { cliTokenFile, readSettings } from '../../src/config.ts';
import { createLog } from '../../src/observability/index.ts';

export { eventually } from './eventually.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START_LIMIT_MS = 50_000; // within a test's own limit; a machine with more to do takes its time
const END_LIMIT_MS = 15_000;

export interface BotOptions {
  /** Over the settings of a test: ports of the kernel's choice, a private range of addresses, short goodbyes. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Kept when it is given; otherwise the bot has one of its own, which goes with `stop`. */
  readonly dataFolder?: string;
  /** Another program than `src/main.mjs serve`, with its arguments. */
  readonly program?: readonly string[];
  /** Hears what the program sends to its parent, and opens the way to answer. */
  readonly talks?: boolean;
}

export interface Bot {
  readonly process: ChildProcess;
  readonly url: string;
  readonly edgeUrl: string;
  /** Of the user `local`, who may do everything. */
  readonly token: string;
  readonly dataFolder: string;
  /** Pushes a branch of a working folder and gives what git said; the exit code is not judged. */
  push(folder: string, options?: PushOptions): Promise<{ code: number | null; text: string }>;
  /** Asks as `katabot` does; gives the outcome. */
  run(...words: string[]): Promise<Told>;
  /** Ends it as a service manager does, and removes a data folder of its own. */
  stop(): Promise<void>;
  /** Ends it as a power cut does; the data folder stays. */
  kill(): Promise<void>;
}

/** The outcome of a command as the API gives it. */
export interface Told {
  readonly kind: string;
  readonly code: string;
  readonly data: unknown;
}

export interface PushOptions {
  readonly repository?: string;
  readonly branch?: string;
}

export const TEST_SETTINGS = {
  instance: 'test-bot',
  http: { address: '127.0.0.1:0' },
  edge: { address: '127.0.0.1:0' },
  locations: { local: { isolation: 'none', addresses: '127.21.0.0/16', networks: '198.19.0.0/17' } },
  stopGraceSeconds: 0, // most of what runs in tests does not listen to the signal, and would be waited for
} as const;

/** Starts a bot and waits until it listens. Throws with its last words when it ends before. */
export async function startBot(options: BotOptions = {}): Promise<Bot> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'katabot-bot-')));
  const settingsFile = await writeSettings(dataFolder, options.settings);
  const spawnOptions: SpawnOptions = {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.talks ? (['ipc'] as const) : [])],
    env: {
      ...process.env,
      DOCKER_HOST: process.env['KATABOT_TEST_DOCKER_HOST'],
      KATABOT_DATA: dataFolder,
      KATABOT_SETTINGS: settingsFile,
      KATABOT_LOG: 'error',
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/katabot'), // as src/main.mjs has it, for other programs
    },
  };
  const child = spawn(process.execPath, [...(options.program ?? ['src/main.mjs', 'serve'])], spawnOptions);
  const { url, edgeUrl } = await listening(child);
  const token = (await readFile(cliTokenFile(dataFolder), 'utf8')).trim();
  const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  return {
    process: child,
    url,
    edgeUrl,
    token,
    dataFolder,
    push: (folder, more) => push({ url, token }, folder, more),
    run: (...words) => run({ url, token }, words),
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await gone;
      clearTimeout(patience);
      if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function writeSettings(dataFolder: string, settings: BotOptions['settings']): Promise<string> {
  const file = join(dataFolder, 'katabot.yml');
  await mkdir(dataFolder, { recursive: true });
  await writeFile(file, JSON.stringify({ ...TEST_SETTINGS, ...settings }));
  return file;
}

/** The addresses in the line that the bot prints once it listens. */
async function listening(child: ChildProcess): Promise<{ url: string; edgeUrl: string }> {
  const { promise, resolve: listens, reject } = Promise.withResolvers<{ url: string; edgeUrl: string }>();
  let said = '';
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-4_000);
  });
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const [, url, edgeUrl] = /listens on (http:\S+) \(edge: (http:\S+)\)/.exec(said) ?? [];
    if (url && edgeUrl) listens({ url, edgeUrl });
  });
  child.once('exit', (code, signal) =>
    reject(new Error(`the bot ended with ${signal ?? code}: ${complaint}`)),
  );
  const limit = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new Error(`the bot did not listen within ${START_LIMIT_MS} ms: ${complaint}`));
  }, START_LIMIT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(limit);
  }
}

async function push(
  { url, token }: { url: string; token: string },
  folder: string,
  { repository = 'shop', branch = 'main' }: PushOptions = {},
): Promise<{ code: number | null; text: string }> {
  const remote = new URL(`/git/${repository}.git`, url);
  remote.username = 'local';
  remote.password = token;
  return git(folder, 'push', remote.href, branch);
}

/** The name of a file that is given along. */
const GIVEN = 'containergroup.yaml';

async function run(
  { url, token }: { url: string; token: string },
  words: readonly string[],
  files: readonly { readonly path: string; readonly text: string }[] = [],
): Promise<Told> {
  const response = await fetch(new URL('/api/v1/commands', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ words, ...(files.length ? { files } : {}) }),
  });
  const lines = (await response.text()).trim().split('\n');
  const { outcome } = JSON.parse(lines.at(-1) ?? '{}');
  if (!outcome) throw new Error(`no outcome: ${lines.join('\n')}`);
  return outcome;
}

/** Runs git in a folder, untouched by the settings of whoever runs the tests. */
export async function git(
  folder: string,
  ...words: string[]
): Promise<{ code: number | null; text: string }> {
  const child = spawn('git', words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      ...identity('AUTHOR'),
      ...identity('COMMITTER'),
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const [code] = await once(child, 'close');
  return { code, text };
}

function identity(role: 'AUTHOR' | 'COMMITTER') {
  return { [`GIT_${role}_NAME`]: 'Maya', [`GIT_${role}_EMAIL`]: 'maya@example.org' };
}

/** Writes files into a working folder (made a repository first) and commits them; gives the commit. */
export async function commitFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  const must = async (...words: string[]) => {
    const { code, text } = await git(folder, ...words);
    if (code !== 0) throw new Error(`git ${words.join(' ')}: ${text}`);
    return text.trim();
  };
  await must('init', '--quiet', '--initial-branch=main');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await must('add', '--all');
  await must('commit', '--quiet', '--message=Describe the group');
  return must('rev-parse', 'HEAD');
}

export interface AppInTest {
  readonly app: App;
  readonly url: string;
  readonly edgeUrl: string;
  readonly token: string;
  readonly dataFolder: string;
  push: Bot['push'];
  run: Bot['run'];
  /** Asks with a group's file beside the words. */
  give(verb: 'deploy' | 'plan', text: string): Promise<Told>;
  stop(): Promise<void>;
}

/** The same app that `katabot serve` starts, within the test: with parts of the test's own, such as an engine. */
export async function startApp(
  options: Pick<BotOptions, 'settings' | 'dataFolder'> & { readonly parts?: Partial<AppParts> } = {},
): Promise<AppInTest> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'katabot-app-')));
  const settingsFile = await writeSettings(dataFolder, options.settings);
  const identityFile = join(dataFolder, 'identity.age');
  await writeFile(identityFile, await generateX25519Identity(), { flag: 'wx', mode: 0o600 }).catch(() => {});
  const app = await createApp(readSettings({ settingsFile, settingsGiven: true }), {
    clock: systemClock,
    log: createLog('error'),
    dockerHost: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '',
    ...options.parts,
    dataFolder,
  });
  await app.start();
  const url = `http://${app.addresses.http}`;
  const token = (await readFile(cliTokenFile(dataFolder), 'utf8')).trim();
  return {
    app,
    url,
    edgeUrl: `http://${app.addresses.edge}`,
    token,
    dataFolder,
    push: (folder, more) => push({ url, token }, folder, more),
    run: (...words) => run({ url, token }, words),
    give: (verb, text) => run({ url, token }, [verb, '--file', GIVEN], [{ path: GIVEN, text }]),
    async stop() {
      await app.close();
      if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
