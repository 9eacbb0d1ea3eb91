/** Webhooks: how soon they are answered once they are on disk, and how many a second, beside a bare Probot app that only answers. */
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Probot } from 'probot';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { parseSettings } from '../src/config.ts';
import { createLog } from '../src/observability/index.ts';
import { startGithub } from '../test/world/github/index.ts';
import { createMemoryEngine } from '../test/world/memory-engine.ts';
import { type Figure, median } from './figure.ts';

const A_SECOND = 500;
const SECONDS = 10;
const AT_ONCE = 64;
const IN_ALL = 10_000;

/** A comment that has to be read with care and asks nothing, in GitHub's usual length. */
function comment(id: number): string {
  return JSON.stringify({
    action: 'created',
    issue: { number: id % 200, pull_request: {}, title: 'x'.repeat(60), body: 'y'.repeat(6_000) },
    comment: {
      id,
      body: 'Looks good. I would write `x`:\n\n```\n/kata status\n```',
      user: { id: 5, login: 'ann', type: 'User' },
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
    },
    repository: { id: 1, full_name: 'acme/shop', description: 'z'.repeat(3_000) },
    installation: { id: 7 },
    sender: { id: 5, login: 'ann' },
  });
}

export async function benchWebhook(): Promise<readonly Figure[]> {
  const secret = randomUUID();
  const ours = await startOurs(secret);
  const bare = await startBare(secret);
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: 256 });
    await flood(agent, ours.url, secret, 500);
    await flood(agent, bare.url, secret, 500);
    const times = await steadily(agent, ours.url, secret);
    const rounds = [];
    for (let round = 0; round < 3; round++) {
      const [own, other] = [
        await flood(agent, ours.url, secret, IN_ALL),
        await flood(agent, bare.url, secret, IN_ALL),
      ];
      rounds.push({ own, other, ratio: own / other });
      await ours.rest();
    }
    agent.destroy();
    const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99) - 1] ?? Number.NaN;
    const { own, ratio } = rounds.toSorted((a, b) => a.ratio - b.ratio)[1] ?? { own: 0, ratio: 0 };
    return [
      {
        bench: 'webhook',
        figure: `answer at ${A_SECOND} a second, p99`,
        value: p99,
        unit: 'ms',
        against: '',
        target: '<= 50',
      },
      {
        bench: 'webhook',
        figure: `answer at ${A_SECOND} a second, median`,
        value: median(times),
        unit: 'ms',
        against: '',
      },
      {
        bench: 'webhook',
        figure: 'as many as it can',
        value: own,
        unit: 'a second',
        against: 'Probot that only answers',
        ratio,
        target: '>= 0.9',
      },
    ];
  } finally {
    await Promise.all([ours.stop(), bare.stop()]);
  }
}

async function startOurs(secret: string) {
  const github = await startGithub();
  const folder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  await writeFile(join(folder, 'app.pem'), github.app.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'secret'), secret, { mode: 0o600 });
  const settings = {
    instance: 'test-bench',
    http: { address: '127.0.0.1:0' },
    edge: { address: '127.0.0.1:0' },
    locations: { local: { isolation: 'none' } },
    github: {
      appId: github.app.id,
      privateKeyFile: join(folder, 'app.pem'),
      webhookSecretFile: join(folder, 'secret'),
      apiUrl: github.apiUrl,
    },
  };
  const app = await createApp(parseSettings(JSON.stringify(settings), 'bench'), {
    clock: systemClock,
    log: createLog('silent'),
    dataFolder: folder,
    dockerHost: '',
    engine: () => createMemoryEngine(systemClock, []),
  });
  await app.start();
  return {
    url: `http://${app.addresses.http}/github/webhooks`,
    rest: async () => app.github?.idle(),
    async stop() {
      await app.close();
      await github.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startBare(secret: string) {
  const probot = new Probot({ appId: 1, privateKey: 'unused', secret, log: pino({ level: 'silent' }) });
  await probot.load((robot) => robot.onAny(() => {}));
  const middleware = await probot.getNodeMiddleware({ path: '/github/webhooks' });
  const server: Server = createServer((incoming, outgoing) => void middleware(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/github/webhooks`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** So many a second, whether earlier ones were answered or not; milliseconds each. */
async function steadily(agent: Agent, url: string, secret: string): Promise<number[]> {
  const sent: Promise<number>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < A_SECOND * SECONDS; index++) {
    const dueMs = (index * 1000) / A_SECOND - (performance.now() - startedAt);
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
    sent.push(send(agent, url, secret));
  }
  return Promise.all(sent);
}

/** As many as are answered, some at a time; how many a second. */
async function flood(agent: Agent, url: string, secret: string, count: number): Promise<number> {
  let left = count;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await send(agent, url, secret);
    }),
  );
  return (count * 1000) / (performance.now() - startedAt);
}

let ids = 0;

function send(agent: Agent, url: string, secret: string): Promise<number> {
  const body = comment(++ids);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-github-delivery': randomUUID(),
          'x-github-event': 'issue_comment',
          'x-hub-signature-256': `sha256=${signature}`,
        },
      },
      (answer: IncomingMessage) => {
        answer.resume();
        answer.on('end', () =>
          (answer.statusCode ?? 500) < 300
            ? resolve(performance.now() - startedAt)
            : reject(new Error(`answered ${answer.statusCode}`)),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
