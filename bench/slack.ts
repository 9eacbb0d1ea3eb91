/** Slash commands: how soon they are acknowledged while a hundred a second arrive, each on disk before. */
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { parseSettings } from '../src/config.ts';
import { createLog } from '../src/observability/index.ts';
import { createMemoryEngine } from '../test/world/memory-engine.ts';
import { startSlack } from '../test/world/slack/index.ts';
import { type Figure, median } from './figure.ts';

const A_SECOND = 100;
const SECONDS = 10;

export async function benchSlack(): Promise<readonly Figure[]> {
  const slack = await startSlack();
  slack.channel('C0OPS');
  slack.person('ann');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  await writeFile(join(folder, 'signing'), slack.signingSecret, { mode: 0o600 });
  await writeFile(join(folder, 'token'), slack.team('T0ACME').token, { mode: 0o600 });
  const settings = {
    instance: 'test-bench',
    http: { address: '127.0.0.1:0' },
    edge: { address: '127.0.0.1:0' },
    locations: { local: { isolation: 'none' } },
    slack: {
      signingSecretFile: join(folder, 'signing'),
      botTokenFile: join(folder, 'token'),
      apiUrl: slack.apiUrl,
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
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  try {
    const send = () => sendCommand(agent, `http://${app.addresses.http}/slack/events`, slack.signingSecret);
    for (let index = 0; index < 50; index++) await send();
    const times = await steadily(send);
    const p99 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99) - 1] ?? Number.NaN;
    const bench = 'slack';
    return [
      {
        bench,
        figure: `acknowledged at ${A_SECOND} commands a second, p99`,
        value: p99,
        unit: 'ms',
        against: '',
        target: '<= 300',
      },
      {
        bench,
        figure: `acknowledged at ${A_SECOND} commands a second, median`,
        value: median(times),
        unit: 'ms',
        against: '',
      },
    ];
  } finally {
    agent.destroy();
    await app.close();
    await slack.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** So many a second, whether earlier ones were answered or not; milliseconds each. */
async function steadily(send: () => Promise<number>): Promise<number[]> {
  const sent: Promise<number>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < A_SECOND * SECONDS; index++) {
    const dueMs = (index * 1000) / A_SECOND - (performance.now() - startedAt);
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
    sent.push(send());
  }
  return Promise.all(sent);
}

function sendCommand(agent: Agent, url: string, secret: string): Promise<number> {
  const body = new URLSearchParams({
    command: '/kata',
    text: 'whoami',
    team_id: 'T0ACME',
    channel_id: 'C0OPS',
    user_id: 'UANN',
    trigger_id: randomUUID(),
    response_url: '',
  }).toString();
  const stamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', secret).update(`v0:${stamp}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
    'x-slack-request-timestamp': stamp,
    'x-slack-signature': `v0=${signature}`,
  };
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers }, (answer: IncomingMessage) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200
          ? resolve(performance.now() - startedAt)
          : reject(new Error(`answered ${answer.statusCode}`)),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
