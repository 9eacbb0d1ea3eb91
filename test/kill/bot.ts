/** The bot as `katabot serve` starts it, but for a fuse in its engine, its books and its calls to the engine. */
import diagnostics from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { readEnvironment, readSettings } from '../../src/config.ts';
import { createDockerEngine } from '../../src/engines/docker/docker-engine.ts';
import type { Engine } from '../../src/engines/index.ts';
import type { Interval } from '../../src/metering/index.ts';
import { createLog } from '../../src/observability/index.ts';
import type { Store } from '../../src/store/index.ts';
import { createLeapingClock } from '../world/clock.ts';
import { connect } from '../world/docker.ts';
import { createFuse, withFuse } from './fuse.ts';

/** What the test may ask; each is answered with a `State`. */
export type Question = { arm: number } | { tell: true } | { leapMs: number };

export interface State {
  readonly moments: number;
  readonly wishes: readonly {
    key: string;
    commit: string;
    wanted: string;
    settled: string | null;
    /** What is at the group's second place; '' for nothing. */
    beside: 'tried' | 'replaced' | '';
  }[];
  readonly intervals: readonly Interval[];
}

/** What the engine said of a sandbox right before it was removed. */
export interface Witnessed {
  readonly id: string;
  readonly createdAtMs: number;
  readonly finishedAtMs: number;
}

const environment = readEnvironment();
const settings = readSettings(environment);
const { dataFolder, dockerHost, logLevel } = environment;
const fuse = createFuse(join(dataFolder, 'deaths'));
fuse.arm(Number(process.argv[2] ?? Number.POSITIVE_INFINITY));
const clock = createLeapingClock();
clock.leap(Number(process.argv[3] ?? 0)); // what the bot before had left out

const app = await createApp(settings, {
  clock,
  log: createLog(logLevel),
  dataFolder,
  dockerHost,
  engine: (location) => {
    const { instance: owner, stopGraceSeconds } = settings;
    const runtime = location.runtime;
    const engine = createDockerEngine(
      { way: { engine: dockerHost }, folder: '', owner, runtime, isolation: 'none', stopGraceSeconds },
      clock,
    );
    return withFuse(witnessed(engine), 'engine', ['apply'], fuse);
  },
  store: fusedBooks,
});

// A step is many calls; each that changes something is a moment of its own, once the engine has done it.
diagnostics.subscribe('http.client.response.finish', (message) => {
  const { request } = message as { request: { method: string; path: string } };
  if (request.method !== 'GET')
    fuse.pass(`after ${request.method} ${request.path.replace(/\/v[\d.]+/, '').split('?')[0]}`);
});

process.on('message', (question: Question) => void answer(question));
await app.start();
flushCompileCache(); // it is not left to end by itself
process.stdout.write(
  `katabot listens on http://${app.addresses.http} (edge: http://${app.addresses.edge})\n`,
);
process.once('disconnect', () => process.exit(0)); // the test is gone

async function answer(question: Question): Promise<void> {
  if ('arm' in question) fuse.arm(question.arm);
  else if ('leapMs' in question) clock.leap(question.leapMs);
  else {
    await app.reconciler.idle();
    await app.ground.feed.written();
  }
  const wishes = (await app.store.desired.list()).map(({ key, wanted, settled, revision, beside }) => ({
    key,
    commit: revision.commit,
    wanted,
    settled,
    beside: beside ? (beside.isTried ? ('tried' as const) : ('replaced' as const)) : ('' as const),
  }));
  const state: State = { moments: fuse.moments, wishes, intervals: await app.store.ledger.intervals({}) };
  process.send?.(state);
}

function fusedBooks(store: Store): Store {
  return {
    ...store,
    desired: withFuse(
      store.desired,
      'desired',
      ['put', 'note', 'promote', 'vacate', 'unwish', 'forget'],
      fuse,
      ['put', 'unwish'],
    ),
    runs: withFuse(store.runs, 'runs', ['record'], fuse),
    events: withFuse(store.events, 'events', ['append'], fuse),
    ledger: withFuse(store.ledger, 'ledger', ['open', 'attach', 'close'], fuse),
    addresses: withFuse(store.addresses, 'addresses', ['take', 'release'], fuse),
    labels: withFuse(store.labels, 'labels', ['claim', 'release'], fuse),
    slots: withFuse(store.slots, 'slots', ['take', 'release'], fuse),
    tokens: withFuse(store.tokens, 'tokens', ['add', 'remove'], fuse),
    branches: withFuse(store.branches, 'branches', ['record'], fuse),
  };
}

/** Writes down a sandbox's own times while they can still be read: right before its removal. */
function witnessed(engine: Engine): Engine {
  const docker = connect(dockerHost);
  return {
    ...engine,
    async apply(step, context) {
      if (step.kind === 'remove') {
        const filters = { label: [`katabot.pod=${step.podId}`, 'katabot.role=sandbox'] };
        for (const { Id } of await docker.listContainers({ all: true, filters })) {
          const { Created, State: state } = await docker.getContainer(Id).inspect();
          const seen: Witnessed = {
            id: Id,
            createdAtMs: Date.parse(Created),
            finishedAtMs: Date.parse(state.FinishedAt),
          };
          appendFileSync(join(dataFolder, 'witness'), `${JSON.stringify(seen)}\n`);
        }
      }
      return engine.apply(step, context);
    },
  };
}
