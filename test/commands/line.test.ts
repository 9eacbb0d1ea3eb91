/** The line of groups that wait for room, as data. */
import { describe, expect, test } from '@jest/globals';
import { aheadOf, waitingTold, withReserved } from '../../src/commands/line.ts';
import type { Fact } from '../../src/event.ts';
import type { Wish } from '../../src/reconciler/index.ts';
import { readGroup } from '../../src/spec/index.ts';
import { groupText } from '../world/groups.ts';

const { group: regular } = readGroup(groupText());
const { group: spot } = readGroup(groupText({ more: ['priority: Spot'] }));

function wish(name: string, host: string, more: Partial<Wish> = {}, acceptedAtMs = 1): Wish {
  if (!regular) throw new Error('the document of the test is wrong');
  return {
    key: `staging/${name}`,
    wanted: host ? 'stopped' : 'running',
    location: 'local',
    host,
    repository: '',
    slot: 0,
    address: '',
    subnet: '',
    published: [],
    fqdn: '',
    settled: host ? 'Stopped' : null,
    restartBeforeMs: 0,
    expiresAtMs: null,
    deletedBy: '',
    revision: {
      number: 1,
      commit: '',
      path: '',
      group: regular,
      images: null,
      acceptedBy: '',
      acceptedAtMs,
      reason: '',
      rollbackOf: 0,
      settled: null,
    },
    ...more,
  };
}

function evicted(name: string, acceptedAtMs: number, waitsSinceMs: number): Wish {
  const plain = wish(name, 'one', { waitsSinceMs }, acceptedAtMs);
  return spot ? { ...plain, revision: { ...plain.revision, group: spot } } : plain;
}

const hosts = (...zones: string[]) => ({
  local: { hosts: ['one', 'two'].map((name, index) => ({ name, zone: zones[index] ?? '' })) },
});
const names = (wishes: readonly Wish[]) => wishes.map(({ key }) => key.split('/')[1]);

describe('before a group in the line', () => {
  const early = wish('early', '', {}, 10);
  const late = wish('late', '', {}, 20);
  const onOne = wish('on-one', 'one', { waitsSinceMs: 15 });
  const onTwo = wish('on-two', 'two', { waitsSinceMs: 5 });
  const all = [
    late,
    early,
    onOne,
    onTwo,
    evicted('old-spot', 1, 4),
    evicted('new-spot', 2, 3),
    wish('stopped', 'one'),
    wish('runs', 'one', { wanted: 'running' }),
    wish('elsewhere', '', { location: 'other' }, 0),
  ];

  test.each<[string, string[]]>([
    ['early', []],
    ['late', ['early']],
    ['on-two', []],
    ['on-one', ['early']],
    ['old-spot', ['late', 'early', 'on-one']],
    ['new-spot', ['late', 'early', 'on-one', 'old-spot']],
  ])('%s are %j', (name, ahead) => {
    const own = all.find(({ key }) => key === `staging/${name}`);
    expect(own && names(aheadOf(all, own, hosts()))).toEqual(ahead);
  });

  test('those on a host have their room there already for who may go anywhere later', () => {
    const running = (key: Wish['key']) =>
      names(withReserved(all, key).filter(({ wanted, host }) => host && wanted === 'running'));
    expect(running('staging/late')).toEqual(['on-one', 'on-two', 'runs']);
    expect(running('staging/early')).toEqual(['on-two', 'runs']);
    expect(running('staging/new')).toEqual(['runs']); // who does not wait takes what is there
  });
});

describe('in the line nobody waits for a group that can go to none of its hosts:', () => {
  const asking = (name: string, more: Partial<Wish['revision']['group']>, host = '') => {
    const plain = wish(name, host, host ? { waitsSinceMs: 9 } : {}, 5);
    return { ...plain, revision: { ...plain.revision, group: { ...plain.revision.group, ...more } } };
  };
  const all = [
    asking('windows', { osType: 'Windows' }),
    asking('in-1', { zones: ['1'] }),
    asking('in-2', { zones: ['2'] }),
    asking('in-3', { zones: ['3'] }),
  ];

  test.each<[string, Wish, string[]]>([
    ['of another system', asking('late-windows', { osType: 'Windows' }, 'one'), ['windows']],
    ['of another zone', { ...asking('late-2', { zones: ['2'] }), waitsSinceMs: 9 }, ['in-2']],
    ['of a zone that its host is not in', asking('on-one', { zones: ['2'] }, 'one'), ['in-1']],
    ['of a zone that there is not', wish('anywhere', '', {}, 9), ['in-1', 'in-2']],
  ])('one %s', (_, own, ahead) => {
    expect(names(aheadOf(all, own, hosts('1', '2')))).toEqual(ahead);
  });

  test('zones count for nothing where no host has one', () => {
    expect(names(aheadOf(all, wish('anywhere', '', {}, 9), hosts()))).toEqual(['in-1', 'in-2', 'in-3']);
  });
});

test.each<[Fact['kind'] | undefined, Fact[]]>([
  ['evicted', [{ kind: 'evicted', returns: true }, { kind: 'stopped' }]],
  ['queued', [{ kind: 'starting', by: 'ann' }, { kind: 'queued', missing: '' }, { kind: 'stopped' }]],
  [
    undefined,
    [
      { kind: 'queued', missing: '' },
      { kind: 'starting', by: 'room' },
    ],
  ],
  [undefined, []],
])('what was told last of its waiting is %s after %j', (kind, facts) => {
  const events = facts.map((fact) => ({ atMs: 0, group: 'staging/a' as const, revision: 1, fact }));
  expect(waitingTold(events)?.kind).toBe(kind);
});
