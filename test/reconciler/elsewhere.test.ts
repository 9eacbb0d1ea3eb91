/** Addresses that the engine refuses, and names that are known before a group is said to run. */
import { afterEach, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { type GroupWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const WEB: GroupWords = { containers: { web: {} }, ports: [80] };
let world: ReconciledWorld;

afterEach(async () => {
  expect(world.internalErrors).toEqual([]);
  await world.close();
});

function refused(address: string, code = 'port-taken') {
  return new Failure(code, `The port is taken on the host: ${address}:80.`, { about: { address, port: 80 } });
}

test('a group whose address somebody else has comes up at the next one, and tells it', async () => {
  world = await createReconciledWorld();
  world.engine.failNext('create-sandbox', refused('127.21.0.1'));
  world.engine.failNext('create-sandbox', refused('127.21.0.2'));
  await world.wish(WEB);
  await world.rest();
  const published = [{ address: '127.21.0.3', protocol: 'TCP', port: 80, hostPort: 80 }];
  expect(await world.store.desired.get(KEY)).toMatchObject({
    address: '127.21.0.3',
    published,
    settled: 'Running',
  });
  expect(await world.store.addresses.all('local')).toEqual([{ ...published[0], key: KEY }]);
  expect(world.facts('moved').map(({ from, to }) => [from.address, to.address])).toEqual([
    ['127.21.0.1', '127.21.0.2'],
    ['127.21.0.2', '127.21.0.3'],
  ]);
  expect(world.facts('failed')).toEqual([]);
  const [pod] = (await world.engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY)?.pods ?? [];
  expect(pod?.published).toEqual(published);
});

test('an engine that refuses every address is not asked for ever', async () => {
  world = await createReconciledWorld();
  for (let place = 1; place <= 5; place++)
    world.engine.failNext('create-sandbox', refused(`127.21.0.${place}`));
  await world.wish(WEB);
  await world.rest();
  expect(world.steps()).toEqual(['pull', ...new Array(5).fill('create-sandbox')]);
  expect(world.facts('failed')).toMatchObject([{ code: 'port-taken' }]);
  await world.pass(10_000);
  expect((await world.store.desired.get(KEY))?.settled).toBe('Running');
});

test('an address that the host should own and does not is no reason to try another', async () => {
  world = await createReconciledWorld();
  world.engine.failNext('create-sandbox', refused('127.21.0.1', 'address-missing'));
  await world.wish(WEB);
  await world.rest();
  expect(world.facts('moved')).toEqual([]);
  expect(world.facts('failed')).toMatchObject([{ code: 'address-missing' }]);
});

test('a name leads to the group before that is said to run, and to nobody before it is said to be gone', async () => {
  const told: string[] = [];
  let outage: Failure | undefined = new Failure('dns-failed', 'The name server does not answer.');
  const facts = () => world.events.map(({ fact }) => fact.kind).filter((kind) => kind !== 'image');
  world = await createReconciledWorld('mend', {
    names: {
      async publish({ key }) {
        if (outage) throw outage;
        told.push(`publish ${key} after ${facts().at(-1)}`);
      },
      async withdraw({ key }) {
        told.push(`withdraw ${key}, ${facts().includes('removed') ? 'late' : 'in time'}`);
      },
    },
  });
  await world.wish(WEB);
  await world.rest();
  expect(world.facts('running')).toEqual([]);
  expect(world.facts('failed')).toMatchObject([{ code: 'dns-failed' }]);
  outage = undefined;
  await world.pass(10_000);
  expect(world.facts('running')).toHaveLength(1);
  expect(told[0]).toBe(`publish ${KEY} after failed`);
  await world.unwish();
  await world.rest();
  expect(told.at(-1)).toBe(`withdraw ${KEY}, in time`);
  expect(world.facts('removed')).toHaveLength(1);
});
