/** `status` of a thousand groups: the whole command, on a real database file, with an engine that keeps its containers in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { pushCommands, runCommand } from '../src/commands/index.ts';
import { parseSettings } from '../src/config.ts';
import { createLog } from '../src/observability/index.ts';
import { createMemoryEngine } from '../test/world/memory-engine.ts';
import { type Figure, median } from './figure.ts';

const GROUPS = 1_000;
/** A thousand groups need a larger host than the engine pretends to be. */
const HOST_BYTES = 2 ** 40;
const ROUNDS = 200;
const WARM_UPS = 20;

const SETTINGS = `
instance: test-bench
http: { address: '127.0.0.1:0' }
edge: { address: '127.0.0.1:0' }
locations:
  local: { isolation: none, addresses: 127.24.0.0/16, networks: 198.18.0.0/15 }
`;

export async function benchStatus(): Promise<readonly Figure[]> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  const engine = createMemoryEngine(systemClock, ['web:1']);
  const app = await createApp(parseSettings(SETTINGS, 'bench'), {
    clock: systemClock,
    log: createLog('silent'),
    dataFolder,
    dockerHost: '',
    engine: () => ({
      ...engine,
      describe: async (signal) => ({ ...(await engine.describe(signal)), memoryBytes: HOST_BYTES }),
    }),
  });
  try {
    await app.start();
    await deployAll(app);
    const ask = async () => {
      const startedAt = performance.now();
      const said = { words: ['status'], caller: CALLER, surface: 'cli' } as const;
      let blocks = 0;
      for await (const _ of runCommand(app.ground, said, AbortSignal.timeout(10_000))) blocks++;
      if (blocks === 0) throw new Error('status said nothing');
      return performance.now() - startedAt;
    };
    for (let round = 0; round < WARM_UPS; round++) await ask();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await ask());
    const p99 = times.toSorted((a, b) => a - b)[Math.floor(ROUNDS * 0.99) - 1] ?? Number.NaN;
    return [
      {
        bench: 'status',
        figure: `${GROUPS} groups, p99`,
        value: p99,
        unit: 'ms',
        against: '',
        target: '<= 50 ms',
      },
      { bench: 'status', figure: `${GROUPS} groups, median`, value: median(times), unit: 'ms', against: '' },
    ];
  } finally {
    await app.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

const CALLER = { name: 'bench', right: 'admin' } as const;

async function deployAll(app: Awaited<ReturnType<typeof createApp>>): Promise<void> {
  const files = Array.from({ length: GROUPS }, (_, index) => ({
    path: `g${index}/containergroup.yaml`,
    text: JSON.stringify({
      name: `group-${index}`,
      location: 'local',
      properties: {
        osType: 'Linux',
        containers: ['web', 'side'].map((name) => ({
          name,
          properties: { image: 'web:1', resources: { requests: { cpu: 0.01, memoryInGB: 0.1 } } },
        })),
      },
    }),
  }));
  const commands = pushCommands(app.ground);
  const follow = await commands.deployPush({
    repository: 'bench',
    branch: 'main',
    environment: 'production',
    commit: '1'.repeat(40),
    subject: 'bench',
    files,
    caller: CALLER,
  });
  const gone = AbortSignal.abort(new Error('nobody looks'));
  for await (const _ of follow(gone));
  await app.reconciler.idle();
}
