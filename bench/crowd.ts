/** Ten groups of one container at once: by one push to Katabot, by ten composes at once, and by ten one after another. */
import { connect, findEngine } from '../test/world/docker.ts';
import { buildImages } from '../test/world/images.ts';
import type { Deployer } from './deploy.ts';
import { composeProgram, sharedCompose } from './deploy-compose.ts';
import { MEMBERS, pauseOf } from './deploy-group.ts';
import { type Figure, median } from './figure.ts';
import { startKatabotWith } from './katabot.ts';

const GROUPS = 10;
const ROUNDS = 2;
const MEMBER = MEMBERS.slice(0, 1);

/** One way to bring all of them up, and down again. */
interface Crowd {
  readonly name: string;
  up(): Promise<unknown>;
  down(): Promise<unknown>;
}

export async function benchCrowd(): Promise<readonly Figure[]> {
  const engine = await findEngine();
  try {
    const docker = connect(engine.dockerHost);
    await buildImages(docker);
    const numbers = Array.from({ length: GROUPS }, (_, number) => number);
    const katabot = await startKatabotWith(
      engine,
      numbers.map((number) => `bench-${number}`),
      MEMBER,
    );
    // Katabot's first deploy makes the image of its waiting container; the others then wait in the same one.
    await roundTrip(katabot);
    const pause = await pauseOf(docker);
    const compose = composeProgram((line) => process.stderr.write(`${line}\n`));
    const composes = numbers.flatMap((number) => {
      const place = {
        project: `bench-crowd-${number}`,
        address: `127.30.1.${number + 1}`,
        subnet: `198.19.126.${number * 16}/28`,
      };
      return compose ? [sharedCompose(compose, pause, engine, { ...place, members: MEMBER })] : [];
    });
    try {
      return figuresOf(await measured([katabot, ...(compose ? crowdsOf(compose.name, composes) : [])]));
    } finally {
      for (const deployer of [katabot, ...composes]) await deployer.close?.();
    }
  } finally {
    await engine.stop();
  }
}

function crowdsOf(name: string, composes: readonly Deployer[]): Crowd[] {
  const down = () => Promise.all(composes.map((each) => each.down()));
  return [
    { name: `${name}, at once`, up: () => Promise.all(composes.map((each) => each.up())), down },
    {
      name: `${name}, one after another`,
      async up() {
        for (const each of composes) await each.up();
      },
      down,
    },
  ];
}

/** Each round begins with the next one, so that none always follows the same neighbour. */
async function measured(crowds: readonly Crowd[]): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(crowds.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = round % crowds.length;
    for (const crowd of [...crowds.slice(first), ...crowds.slice(0, first)])
      times.get(crowd.name)?.push(await roundTrip(crowd));
  }
  return times;
}

/** How long the way up took, milliseconds. */
async function roundTrip(crowd: Pick<Crowd, 'up' | 'down'>): Promise<number> {
  const started = performance.now();
  await crowd.up();
  const tookMs = performance.now() - started;
  await crowd.down();
  return tookMs;
}

function figuresOf(times: ReadonlyMap<string, readonly number[]>): Figure[] {
  const [own, ...others] = [...times].map(([name, all]) => ({ name, value: median(all) }));
  if (!own) return [];
  const figure = `${own.name}: ${GROUPS} groups, accepted to all running`;
  const row = { bench: 'crowd', figure, value: own.value, unit: 'ms' };
  if (!others.length) return [{ ...row, against: '' }];
  return others.map(({ name, value }) => ({ ...row, against: name, ratio: own.value / value }));
}
