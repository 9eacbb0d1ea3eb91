/** What the demo does with a bot that runs: pushes, looks, changes, breaks, deletes. Every step is real and is shown. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DemoBot } from './bot.ts';
import { PARROT_TEXT, showAddress, showEcho } from './names.ts';
import { showPage } from './page.ts';
import { heading, katabot, type Ran, run } from './show.ts';

const TEMPLATE = resolve(import.meta.dirname, '../../templates/hello/containergroup.yaml');
const PATIENCE_MS = 20_000;
const PAUSE_MS = 500;
const [HELLO, PARROT] = ['hello.local.localhost', 'parrot.local.localhost'];
const AUTHOR = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost'];

export interface Stage {
  readonly bot: DemoBot;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Measures one part of the demo under a name. */
  readonly timed: <T>(phase: string, work: () => Promise<T>) => Promise<T>;
}

/** What is told of the group at the end. */
export interface Told {
  readonly address: string;
  readonly url: string;
  readonly secureUrl: string;
  readonly price: { perSecond: Amount; perHour: Amount };
  readonly bill?: Record<string, unknown>;
}

interface Amount {
  readonly currency: string;
  readonly amount: string;
}

/** The repositories that are pushed. */
export interface Repositories {
  readonly hello: string;
  readonly parrot: string;
}

/** Two repositories with a group in each, and a token that git finds by itself: it never stands in a command. */
export async function prepareRepositories({ bot, folder, signal }: Stage): Promise<Repositories> {
  const { token }: { token: string } = await answer(
    ['token', 'create', 'demo', '--right', 'operator'],
    bot,
    signal,
  );
  const credentials = join(folder, 'git-credentials');
  await writeFile(credentials, `http://demo:${token}@${bot.http}\n`, { mode: 0o600 });
  const prepared = async (name: string, text: string, message: string) => {
    const repository = join(folder, name);
    await git(['init', '--quiet', '--initial-branch=main', repository], folder, signal);
    // The empty entry first: the helpers of whoever runs the demo are not asked, and learn nothing.
    await git(['config', '--add', 'credential.helper', ''], repository, signal);
    await git(['config', '--add', 'credential.helper', `store --file=${credentials}`], repository, signal);
    await commit(repository, text, message, signal);
    return repository;
  };
  return {
    hello: await prepared('hello', await readFile(TEMPLATE, 'utf8'), 'A page that says hello'),
    parrot: await prepared('parrot', PARROT_TEXT, 'What is said comes back'),
  };
}

export async function pushAndLook(stage: Stage, { hello, parrot }: Repositories): Promise<Told> {
  const { bot, signal, timed } = stage;
  const template = await readFile(TEMPLATE, 'utf8');
  const url = `http://${HELLO}:${bot.edge.split(':')[1]}`;
  const secureUrl = `https://${HELLO}:${bot.edgeTls.split(':')[1]}`;
  const shown = { environment: bot.environment, signal };
  const open = (at: string, expected: string) => showPage(at, { bot, signal, expected });

  heading(2, 'git push is the deploy');
  mustEnd(0, await timed('push', () => push(stage, hello)), 'the push');
  await isUp(stage, 'hello');

  heading(3, 'It is there');
  for (const words of ['status hello', 'logs hello --tail 3', 'cost hello']) {
    mustEnd(0, await katabot(words.split(' '), shown), `katabot ${words}`);
  }

  heading(4, 'It has a name, and HTTPS');
  await showAddress(HELLO, bot, signal);
  await timed('page', () => open(url, '200  hello: It runs.'));
  await open(secureUrl, '200  hello: It runs.');

  heading(5, 'Not only HTTP: ports of TCP and UDP, by name');
  mustEnd(0, await timed('parrot', () => push(stage, parrot)), 'the push of the parrot');
  await isUp(stage, 'parrot');
  await showAddress(PARROT, bot, signal);
  await showEcho(PARROT, bot);

  heading(6, 'A change: only what changed is restarted');
  const changed = template.replace('katabot/hello:1', 'katabot/hello:2');
  await commit(hello, changed, 'A warmer hello', signal);
  mustEnd(0, await timed('change', () => push(stage, hello)), 'the second push');
  await isUp(stage, 'hello');
  await open(url, '200  hello: Still running.');

  heading(7, 'A mistake: refused at its line, nothing is touched');
  const broken = changed
    .replace('memoryInGB: 0.2', 'memoryInGB: lots')
    .replace('restartPolicy', 'restratPolicy');
  await commit(hello, broken, 'Oops', signal);
  mustEnd(1, await timed('refused', () => push(stage, hello)), 'the broken push');
  await open(url, '200  hello: Still running.');

  const view = await answer(['status', 'hello'], bot, signal);
  return {
    address: `${view.address}:80`,
    url,
    secureUrl,
    price: { perSecond: view.rate.perSecond, perHour: view.rate.perHour },
  };
}

/** Deletes the groups; gives the first one's bill. */
export async function deleteGroups({ bot, signal, timed }: Stage): Promise<Record<string, unknown>> {
  heading(8, 'The end, and the bill');
  const shown = { environment: bot.environment, signal };
  mustEnd(0, await timed('delete', () => katabot(['delete', 'hello'], shown)), 'the deletion');
  mustEnd(0, await katabot(['delete', 'parrot'], shown), 'the deletion of the parrot');
  return (await answer(['cost', 'hello'], bot, signal)).bill;
}

function push({ bot, signal }: Stage, repository: string): Promise<Ran> {
  const url = `http://demo@${bot.http}/git/${basename(repository)}.git`;
  return run(['git', 'push', url, 'main'], {
    cwd: repository,
    shown: `git push ${url} main`,
    environment: { GIT_TERMINAL_PROMPT: '0' },
    signal,
  });
}

/** git says only that the commit was taken. A deploy that failed is tried again by the bot; then it takes a moment more. */
async function isUp({ bot, signal }: Stage, group: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const { state, failure } = await answer(['status', group], bot, signal);
    if (state === 'Running' && !failure) return;
    if (Date.now() > deadline) throw new Error(failure?.message ?? `the group is ${state}`);
    await setTimeout(PAUSE_MS, undefined, { signal });
  }
}

async function commit(repository: string, text: string, message: string, signal: AbortSignal): Promise<void> {
  await writeFile(join(repository, 'containergroup.yaml'), text);
  await git(['add', '--all'], repository, signal);
  await git(
    [...AUTHOR, '-c', 'commit.gpgSign=false', 'commit', '--quiet', '--message', message],
    repository,
    signal,
  );
}

async function git(words: readonly string[], cwd: string, signal: AbortSignal): Promise<void> {
  const { code, output } = await run(['git', ...words], { cwd, signal });
  if (code !== 0) throw new Error(`git ${words.join(' ')} failed: ${output.trim()}`);
}

/** What the command line answers to a program. */
async function answer(words: readonly string[], bot: DemoBot, signal: AbortSignal) {
  const { environment } = bot;
  const ran = await katabot([...words, '--json'], { environment, signal, shown: false });
  mustEnd(0, ran, `katabot ${words.join(' ')}`);
  return JSON.parse(ran.output.trim().split('\n').at(-1) ?? '{}');
}

function mustEnd(code: number, ran: Ran, what: string): void {
  if (ran.code !== code) throw new Error(`${what} ended with code ${ran.code} instead of ${code}`);
}
