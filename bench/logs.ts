/** A hundred thousand lines of one container: read as `katabot logs` reads them, beside `docker logs` of the same container. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { runCommand } from '../src/commands/index.ts';
import { parseSettings } from '../src/config.ts';
import { createLog } from '../src/observability/index.ts';
import { eventually } from '../test/world/bot.ts';
import { connect, findEngine } from '../test/world/docker.ts';
import { groupText } from '../test/world/groups.ts';
import { buildImages } from '../test/world/images.ts';
import { type Figure, median } from './figure.ts';

const LINES = 100_000;
const ROUNDS = 7;
const CALLER = { name: 'bench', right: 'admin' } as const;

const SETTINGS = `
instance: bench-logs
stopGraceSeconds: 0
http: { address: '127.0.0.1:0' }
edge: { address: '127.0.0.1:0' }
locations:
  local: { isolation: none, addresses: 127.24.0.0/16, networks: 198.18.224.0/20 }
`;

export async function benchLogs(): Promise<readonly Figure[]> {
  const engine = await findEngine();
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  const docker = connect(engine.dockerHost);
  await buildImages(docker);
  const app = await createApp(parseSettings(SETTINGS, 'bench'), {
    clock: systemClock,
    log: createLog('silent'),
    dataFolder,
    dockerHost: engine.dockerHost,
  });
  const say = async (words: string[], text?: string) => {
    const files = text === undefined ? [] : [{ path: 'a.yaml', text }];
    const said = { words, caller: CALLER, surface: 'cli', files } as const;
    let blocks = 0;
    for await (const _ of runCommand(app.ground, said, AbortSignal.timeout(120_000))) blocks++;
    return blocks;
  };
  try {
    await app.start();
    const print = `command: [sh, -c, "trap 'exit 0' TERM; i=0; while [ $i -lt ${LINES} ]; do echo line $i of a log that says something; i=$((i+1)); done; sleep 3600 & wait $!"]`;
    await say(
      ['deploy', '--file', 'a.yaml'],
      groupText({ name: 'talks' }).replace(/ {6}command: .*\n/, `      ${print}\n`),
    );
    await eventually(async () => {
      if ((await say(['logs', 'talks', '--tail', '1', '--grep', `line ${LINES - 1} `])) === 0)
        throw new Error('not yet');
    }, 120_000);
    const filters = { label: ['katabot.owner=bench-logs', 'katabot.role=member'] };
    const [container] = await docker.listContainers({ filters });
    const own: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      own.push(await timeOf(() => say(['logs', 'talks'])));
      theirs.push(await timeOf(() => dockerLogs(engine.dockerHost, container?.Id ?? '')));
    }
    const perSecond = LINES / (median(own) / 1000);
    return [
      {
        bench: 'logs',
        figure: `${LINES} lines`,
        value: perSecond,
        unit: 'lines/s',
        against: 'docker logs',
        ratio: median(theirs) / median(own),
        target: '>= 0.9',
      },
    ];
  } finally {
    await say(['delete', 'talks']);
    await app.close();
    await rm(dataFolder, { recursive: true, force: true });
    await engine.stop();
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function dockerLogs(dockerHost: string, id: string): Promise<void> {
  const child = spawn('docker', ['--host', dockerHost, 'logs', '--timestamps', id], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`docker logs ended with ${code}`);
}
