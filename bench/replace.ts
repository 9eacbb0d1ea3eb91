/** A group that is asked at a steady rate by its name while its container is restarted for a change, and while all of it is replaced. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bot, commitFiles, startBot } from '../test/world/bot.ts';
import { connect, findEngine } from '../test/world/docker.ts';
import { type Described, groupText } from '../test/world/groups.ts';
import { buildImages } from '../test/world/images.ts';
import type { Figure } from './figure.ts';

/** What a server that makes a process for each request answers easily: what is measured is the change. */
const A_SECOND = 20;
/** Of so many one is a POST, which nobody may send a second time on its own. */
const POST_EVERY = 10;
/** Longer than anybody is kept waiting. */
const ANSWER_LIMIT_MS = 30_000;

const SETTINGS = {
  instance: 'bench-replace',
  locations: { local: { isolation: 'none', addresses: '127.26.0.0/24', networks: '198.18.208.0/20' } },
};
const GROUP = { name: 'asked', label: 'asked' } as const;

const CHANGES: Readonly<Record<string, Described>> = {
  restart: { ...GROUP, container: ['environmentVariables: [{name: COLOUR, value: blue}]'] },
  replace: { ...GROUP, ports: [80, 9000] },
};

interface Tally {
  sent: number;
  answered: number;
  longestMs: number;
  /** Of requests that the group did not answer: what came instead, and how often. */
  readonly lost: Map<string, number>;
}

export async function benchReplace(): Promise<readonly Figure[]> {
  const engine = await findEngine();
  process.env['KATABOT_TEST_DOCKER_HOST'] = engine.dockerHost;
  const folder = await mkdtemp(join(tmpdir(), 'katabot-replace-'));
  try {
    await buildImages(connect(engine.dockerHost));
    const bot = await startBot({ settings: SETTINGS });
    try {
      await push(bot, folder, GROUP);
      const figures: Figure[] = [];
      for (const [name, change] of Object.entries(CHANGES))
        figures.push(...figuresOf(name, await askedWhile(bot.edgeUrl, () => push(bot, folder, change))));
      return figures;
    } finally {
      await bot.run('delete', GROUP.name).catch(() => {});
      await bot.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await engine.stop();
  }
}

async function push(bot: Bot, folder: string, change: Described): Promise<void> {
  await commitFiles(folder, { 'containergroup.yaml': groupText(change).replace('cpu: 0.1', 'cpu: 1') });
  const { code, text } = await bot.push(folder, { repository: 'asked' });
  if (code !== 0 || text.includes('✗')) throw new Error(text);
}

/** At a rate that does not wait for answers: who has to wait would otherwise ask less often. */
async function askedWhile(edgeUrl: string, work: () => Promise<void>): Promise<Tally> {
  const agent = new Agent({ keepAlive: true });
  const tally: Tally = { sent: 0, answered: 0, longestMs: 0, lost: new Map() };
  const asked: Promise<void>[] = [];
  const rate = setInterval(() => asked.push(ask(edgeUrl, agent, tally)), 1_000 / A_SECOND);
  try {
    await work();
  } finally {
    clearInterval(rate);
    await Promise.all(asked);
    agent.destroy();
  }
  return tally;
}

async function ask(edgeUrl: string, agent: Agent, tally: Tally): Promise<void> {
  const method = tally.sent++ % POST_EVERY ? 'GET' : 'POST';
  const startedAt = performance.now();
  const loss = await new Promise<string>((done) => {
    const headers = { host: `${GROUP.label}.local.localhost`, 'content-length': 0 };
    const asked = request(edgeUrl, { method, headers, agent }, (answer) => {
      answer.resume().on('close', () => {
        const own = answer.headers['x-katabot-edge'] !== undefined;
        done(own ? `${method} ${answer.statusCode}` : answer.complete ? '' : `${method} broken off`);
      });
    });
    asked.setTimeout(ANSWER_LIMIT_MS, () => asked.destroy(new Error('no answer')));
    asked.on('error', ({ message }) => done(`${method} ${message}`)).end();
  });
  tally.longestMs = Math.max(tally.longestMs, performance.now() - startedAt);
  if (loss) tally.lost.set(loss, (tally.lost.get(loss) ?? 0) + 1);
  else tally.answered += 1;
}

function figuresOf(name: string, { sent, answered, longestMs, lost }: Tally): Figure[] {
  const because = [...lost].map(([what, times]) => `${times} × ${what}`).join(', ');
  const figure = (what: string, value: number, unit: string, target?: string): Figure => ({
    bench: 'replace',
    figure: `${name}: ${what}`,
    value,
    unit,
    against: '',
    target,
  });
  return [
    figure('sent', sent, 'requests'),
    figure('answered by the group', answered, 'requests'),
    figure(because ? `lost (${because})` : 'lost', sent - answered, 'requests', '0'),
    figure('longest wait', longestMs, 'ms'),
  ];
}
