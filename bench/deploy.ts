/**
 * A group of three containers, from accepted to all running: by Katabot, by compose in two forms, and by the API
 * calls that nobody can do without. Side by side in one run, on one engine, with the same images, commands and limits.
 */
import type Docker from 'dockerode';
import { connect, findEngine } from '../test/world/docker.ts';
import { buildImages } from '../test/world/images.ts';
import { bareCalls } from './deploy-bare.ts';
import { composeProgram, naturalCompose, sharedCompose } from './deploy-compose.ts';
import { MEMBERS, pauseOf } from './deploy-group.ts';
import { type Figure, median } from './figure.ts';

/** One way to bring the group up and down. `up` returns when all three containers run, `down` when nothing is left. */
export interface Deployer {
  readonly name: string;
  up(): Promise<void>;
  down(): Promise<void>;
  /** Takes away what the deployer itself keeps: folders, a running bot. */
  close?(): Promise<void>;
}

/** Katabot on the given engine. The group to deploy is `groupDocument()` of deploy-group.ts. */
export type KatabotDeployer = (engine: { readonly dockerHost: string }) => Promise<Deployer>;

const WARM_UPS = 2;
const ROUNDS = 12;

export async function benchDeploy(startKatabot?: KatabotDeployer): Promise<readonly Figure[]> {
  const engine = await findEngine();
  try {
    const docker = connect(engine.dockerHost);
    await buildImages(docker);
    const katabot = await startKatabot?.(engine);
    // Katabot's first deploy makes the image of its waiting container; the others then wait in the same one.
    if (katabot) await measure(docker, [katabot], WARM_UPS);
    const pause = await pauseOf(docker);
    const compose = composeProgram((line) => process.stderr.write(`${line}\n`));
    const others = [
      ...(compose ? [sharedCompose(compose, pause, engine), naturalCompose(compose, engine)] : []),
      bareCalls(docker, pause),
    ];
    const deployers = [...(katabot ? [katabot] : []), ...others];
    try {
      await measure(docker, others, WARM_UPS);
      return figuresOf(await measure(docker, deployers, ROUNDS));
    } finally {
      for (const deployer of deployers) await deployer.close?.();
    }
  } finally {
    await engine.stop();
  }
}

interface Times {
  readonly up: number[];
  readonly down: number[];
}

/** Each round begins with the next one, so that none always follows the same neighbour. */
async function measure(
  docker: Docker,
  deployers: readonly Deployer[],
  rounds: number,
): Promise<Map<Deployer, Times>> {
  const times = new Map<Deployer, Times>(deployers.map((deployer) => [deployer, { up: [], down: [] }]));
  for (let round = 0; round < rounds; round += 1) {
    const start = round % deployers.length;
    for (const deployer of [...deployers.slice(start), ...deployers.slice(0, start)]) {
      const before = await runningContainers(docker);
      times.get(deployer)?.up.push(await timed(() => deployer.up()));
      const more = (await runningContainers(docker)) - before;
      times.get(deployer)?.down.push(await timed(() => deployer.down()));
      if (more < MEMBERS.length)
        throw new Error(`${deployer.name} said it was up with ${more} containers running`);
    }
  }
  return times;
}

/** A figure for a group that did not come up would be a lie. */
async function runningContainers(docker: Docker): Promise<number> {
  return (await docker.listContainers()).length;
}

async function timed(action: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** Everybody against everybody that is left of the first: Katabot leads when it takes part, else compose. */
function figuresOf(times: Map<Deployer, Times>): Figure[] {
  const medians = [...times].map(([{ name }, { up, down }]) => ({
    name,
    up: median(up),
    down: median(down),
  }));
  return (['up', 'down'] as const).flatMap((way) =>
    medians.flatMap((one, index) => {
      const value = one[way];
      const figure = `${one.name}: ${way === 'up' ? 'accepted to running' : 'down to nothing left'}`;
      const row = { bench: 'deploy', figure, value, unit: 'ms' };
      const others = medians.slice(index + 1);
      if (others.length === 0) return [{ ...row, against: '' }];
      return others.map((other) => ({
        ...row,
        against: other.name,
        ratio: value / other[way],
        ...(one.name === 'katabot' && way === 'up' ? { target: targetAgainst(other.name) } : {}),
      }));
    }),
  );
}

/** The natural form has no shared localhost and one container less, so it is shown and no target. */
function targetAgainst(name: string): string | undefined {
  if (name.includes('shared network')) return '<= 0.8';
  return name === 'bare API calls' ? '<= 1.15' : undefined;
}
