/** A group that takes over a sandbox which waited for it, against the same group that has to make its own: pair by pair. */
import { connect, findEngine } from '../test/world/docker.ts';
import { buildImages } from '../test/world/images.ts';
import { MEMBERS } from './deploy-group.ts';
import { type Figure, median } from './figure.ts';
import { startKatabotWith } from './katabot.ts';

const ROUNDS = 8;
const TARGET = '<= 0.5';

export async function benchWarm(): Promise<readonly Figure[]> {
  const engine = await findEngine();
  try {
    await buildImages(connect(engine.dockerHost));
    return [
      ...(await pairs(engine, 'one container', MEMBERS.slice(0, 1))),
      ...(await pairs(engine, 'three containers', MEMBERS)),
    ];
  } finally {
    await engine.stop();
  }
}

async function pairs(
  engine: { readonly dockerHost: string },
  words: string,
  members: typeof MEMBERS,
): Promise<Figure[]> {
  const memoryInGB = Math.round(members.length) / 10;
  const [warm, cold] = [
    await startKatabotWith(engine, ['warm'], members, { cpu: members.length / 2, memoryInGB }),
    await startKatabotWith(engine, ['cold'], members),
  ];
  const times = { warm: [] as number[], cold: [] as number[] };
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const order = round % 2 ? (['warm', 'cold'] as const) : (['cold', 'warm'] as const);
      for (const which of order) {
        const bot = which === 'warm' ? warm : cold;
        // Neither is measured while the next one is made.
        await warm.ready();
        await cold.ready();
        const started = performance.now();
        await bot.up();
        if (round > 0) times[which].push(performance.now() - started);
        await bot.down();
      }
    }
  } finally {
    await warm.close?.();
    await cold.close?.();
  }
  const ratios = times.warm.map((each, index) => each / (times.cold[index] ?? Number.NaN));
  return [
    {
      bench: 'warm',
      figure: `${words}: accepted to running, from standby`,
      value: median(times.warm),
      unit: 'ms',
      against: 'without',
      ratio: median(ratios),
      target: TARGET,
    },
  ];
}
