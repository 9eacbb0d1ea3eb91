/**
 * The main job, on whatever machine this is: an engine, the bot, a repository, a push; then everything that people do
 * with a group that runs, and its end. Leaves nothing behind unless it is told to.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connect, findEngine } from '../world/docker.ts';
import { buildImages } from '../world/images.ts';
import { stopPrivateEngine } from '../world/private-engine-stop.ts';
import { type DemoBot, startBot } from './bot.ts';
import { pageTitle } from './page.ts';
import { heading, katabot, line, run } from './show.ts';

const HELP = `npm run demo               show the main job and clean up
npm run demo -- --keep     leave the group running
npm run demo -- --stop     end what --keep left running
npm run demo -- --json     end with one line of JSON: what was measured
`;
const TEMPLATE = resolve(import.meta.dirname, '../../templates/hello/containergroup.yaml');
const KEPT = join(tmpdir(), 'katabot-demo.json');
const AUTHOR = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost', '-c', 'init.defaultBranch=main'];

interface Measured {
  seconds: Record<string, number>;
  [fact: string]: unknown;
}

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean' },
    stop: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
process.once('SIGTERM', () => interrupted.abort(new Error('stopped')));

if (values.help) line(HELP);
else if (values.stop) await stopKept();
else process.exitCode = await demo({ keep: values.keep === true, json: values.json === true });

async function demo({ keep, json }: { keep: boolean; json: boolean }): Promise<number> {
  const undo: (() => Promise<unknown>)[] = [];
  const measured: Measured = { seconds: {} };
  try {
    await show(measured, keep, undo);
    if (json) line(JSON.stringify(measured));
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\nThe demo stopped: ${reason}\n`);
    keep = false;
    return 1;
  } finally {
    if (!keep) for (const step of undo.reverse()) await step().catch(() => {});
  }
}

async function show(measured: Measured, keep: boolean, undo: (() => Promise<unknown>)[]): Promise<void> {
  const { signal } = interrupted;
  const timed = async <T>(phase: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await work();
    measured.seconds[phase] = Number(((performance.now() - startedAt) / 1000).toFixed(2));
    signal.throwIfAborted();
    return result;
  };
  heading(1, 'An engine, the demo’s images, the bot');
  const engine = await timed('engine', () => findEngine({ report: line }));
  undo.push(() => engine.stop());
  line(
    `  engine   ${engine.dockerHost} (${engine.origin === 'private' ? 'a private one, gone when the demo ends' : `found by ${engine.origin}`})`,
  );
  await timed('images', () => buildImages(connect(engine.dockerHost)));
  line('  images   katabot/hello:1, katabot/hello:2, katabot/busybox:1 (made here, no registry)');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-demo-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const bot = await timed('bot', () => startBot(folder, engine.dockerHost, { keep }));
  undo.push(() => removeGroup(bot).finally(() => bot.stop()));
  line(`  bot      http://${bot.http}, edge http://${bot.edge}`);
  const repository = await prepareRepository(folder, bot);
  await pushAndLook(measured, bot, repository, timed);
  if (keep) await keepRunning(bot, folder, engine.folder);
  else await finish(measured, bot, timed);
}

/** A repository with the template in it, and a token that git finds by itself: it never stands in a command. */
async function prepareRepository(folder: string, bot: DemoBot): Promise<string> {
  const { signal } = interrupted;
  const created = await katabot(['token', 'create', 'demo', '--right', 'operator', '--json'], {
    environment: bot.environment,
    signal,
    shown: false,
  });
  const { token }: { token: string } = JSON.parse(created.output.trim().split('\n').at(-1) ?? '{}');
  const credentials = join(folder, 'git-credentials');
  await writeFile(credentials, `http://demo:${token}@${bot.http}\n`, { mode: 0o600 });
  const repository = join(folder, 'hello');
  await git(['init', '--quiet', '--initial-branch=main', repository], folder);
  await git(['config', 'credential.helper', `store --file=${credentials}`], repository);
  await commit(repository, await readFile(TEMPLATE, 'utf8'), 'A page that says hello');
  return repository;
}

async function commit(repository: string, text: string, message: string): Promise<void> {
  await writeFile(join(repository, 'containergroup.yaml'), text);
  await git(['add', '--all'], repository);
  await git([...AUTHOR, 'commit', '--quiet', '--message', message], repository);
}

async function git(words: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(['git', ...words], { cwd, signal: interrupted.signal });
  if (code !== 0) throw new Error(`git ${words[0]} failed: ${output.trim()}`);
}

function push(bot: DemoBot, repository: string) {
  const url = `http://demo@${bot.http}/git/hello.git`;
  return run(['git', 'push', url, 'main'], {
    cwd: repository,
    shown: `git push ${url} main`,
    environment: { GIT_TERMINAL_PROMPT: '0' },
    signal: interrupted.signal,
  });
}

async function pushAndLook(
  measured: Measured,
  bot: DemoBot,
  repository: string,
  timed: <T>(phase: string, work: () => Promise<T>) => Promise<T>,
): Promise<void> {
  const options = { environment: bot.environment, signal: interrupted.signal };
  const text = await readFile(TEMPLATE, 'utf8');
  const url = `http://hello.local.localhost:${bot.edge.split(':')[1]}`;
  heading(2, 'git push is the deploy');
  await mustEnd(0, await timed('push', () => push(bot, repository)), 'the push');
  heading(3, 'It is there');
  const page = await timed('page', () => pageTitle(url, bot.edge));
  line(`$ curl ${url}\n  ${page.status}  ${page.title}`);
  for (const words of [
    ['status', 'hello'],
    ['logs', 'hello', '--tail', '3'],
    ['cost', 'hello'],
  ]) {
    await mustEnd(0, await katabot(words, options), words.join(' '));
  }
  heading(4, 'A change: only what changed is restarted');
  await commit(repository, text.replace('katabot/hello:1', 'katabot/hello:2'), 'A warmer hello');
  await mustEnd(0, await timed('change', () => push(bot, repository)), 'the second push');
  line(`$ curl ${url}\n  ${(await pageTitle(url, bot.edge)).title}`);
  heading(5, 'A mistake: refused at its line, nothing is touched');
  await commit(
    repository,
    text.replace('memoryInGB: 0.2', 'memoryInGB: lots').replace('restartPolicy', 'restratPolicy'),
    'Oops',
  );
  await mustEnd(1, await timed('refused', () => push(bot, repository)), 'the broken push');
  const still = await pageTitle(url, bot.edge);
  line(`$ curl ${url}\n  ${still.status}  ${still.title}`);
  const view = JSON.parse(
    (await katabot(['status', 'hello', '--json'], { ...options, shown: false })).output,
  );
  measured['address'] = `${view.address}:80`;
  measured['url'] = url;
  measured['price'] = { perSecond: view.rate.perSecond, perHour: view.rate.perHour };
}

async function mustEnd(code: number, ran: { code: number; output: string }, what: string): Promise<void> {
  if (ran.code !== code) throw new Error(`${what} ended with code ${ran.code} instead of ${code}`);
}

async function finish(
  measured: Measured,
  bot: DemoBot,
  timed: <T>(phase: string, work: () => Promise<T>) => Promise<T>,
): Promise<void> {
  const options = { environment: bot.environment, signal: interrupted.signal };
  heading(6, 'The end, and the bill');
  await mustEnd(0, await timed('delete', () => katabot(['delete', 'hello'], options)), 'the deletion');
  const { bill } = JSON.parse(
    (await katabot(['cost', 'hello', '--json'], { ...options, shown: false })).output,
  );
  measured['bill'] = bill;
  line('\nNothing is left behind. To look around yourself: npm run demo -- --keep');
}

/** When the demo breaks off, its group must not outlive it. */
async function removeGroup(bot: DemoBot): Promise<void> {
  await katabot(['delete', 'hello'], {
    environment: bot.environment,
    signal: AbortSignal.timeout(30_000),
    shown: false,
  });
}

async function keepRunning(bot: DemoBot, folder: string, engineFolder: string | undefined): Promise<void> {
  await writeFile(
    KEPT,
    JSON.stringify({
      pid: bot.pid,
      folder,
      engineFolder: engineFolder ?? null,
      environment: bot.environment,
    }),
    { mode: 0o600 },
  );
  const settings = Object.entries(bot.environment).map(([name, value]) => `export ${name}=${value}`);
  line(
    `\nIt goes on running. In another terminal:\n\n  ${settings.join('\n  ')}\n  npm run katabot -- status\n\nTo end it: npm run demo -- --stop`,
  );
}

async function stopKept(): Promise<void> {
  const kept = await readFile(KEPT, 'utf8').catch(() => undefined);
  if (kept === undefined) {
    line('No demo was left running.');
    return;
  }
  const { pid, folder, engineFolder, environment } = JSON.parse(kept);
  await katabot(['delete', 'hello'], { environment, signal: AbortSignal.timeout(60_000) });
  await endProcess(pid);
  if (engineFolder) await stopPrivateEngine(engineFolder);
  await rm(folder, { recursive: true, force: true });
  await rm(KEPT, { force: true });
  line('The demo has ended; nothing is left behind.');
}

async function endProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
      process.kill(pid, 0);
      await new Promise((again) => setTimeout(again, 100));
    }
  } catch {
    // it is gone
  }
}
