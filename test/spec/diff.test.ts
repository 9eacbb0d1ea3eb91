import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  diffGroups,
  effectOf,
  type Group,
  memberFingerprint,
  podFingerprint,
  readGroup,
} from '../../src/spec/index.ts';
import { container, group } from './marked.ts';

function read(text: string): Group {
  const { group: understood, problems } = readGroup(text);
  if (!understood) throw new Error(JSON.stringify(problems));
  return understood;
}

const base = {
  containers:
    container('ports: [{port: 80}]') +
    container('environmentVariables: [{name: A, secureValue: first}]', 'side'),
  more: 'ipAddress: {type: Public, ports: [{port: 80}], dnsNameLabel: hello}\nvolumes: [{name: scratch, emptyDir: {}}]',
};
const before = read(group(base));

describe('what a change does to a Windows group that runs', () => {
  const one = (more: string) => group({ os: 'Windows', containers: container(more) });
  const [old, image, port] = [
    'ports: [{port: 80}]',
    'ports: [{port: 80}]\nimage: acme/web:2',
    'ports: [{port: 81}]',
  ].map((more) => read(one(more)));
  if (!old || !image || !port) throw new Error('no groups');

  test('is to make it anew, where it is to restart a container of Linux; what touches no container does not', () => {
    expect(effectOf(diffGroups(old, image))).toBe('replace');
    expect(podFingerprint(old, 'pepper')).not.toBe(podFingerprint(image, 'pepper'));
    expect(effectOf(diffGroups(old, port))).toBe('in-place');
    expect(podFingerprint(old, 'pepper')).toBe(podFingerprint(port, 'pepper'));
  });
});

describe('what a change does to a group that runs', () => {
  test.each([
    ['nothing', group(base), 'none'],
    ['a tag', group({ ...base, root: 'tags: {a: b}' }), 'in-place'],
    ['the DNS label', group({ ...base, more: base.more.replace('hello', 'world') }), 'in-place'],
    [
      'a registry login',
      group({
        ...base,
        more: `${base.more}\nimageRegistryCredentials: [{server: r.io, username: a, password: b}]`,
      }),
      'in-place',
    ],
    [
      'an image',
      group({ ...base, containers: base.containers.replace('acme/web:1', 'acme/web:2') }),
      'restart',
    ],
    ['a secret', group({ ...base, containers: base.containers.replace('first', 'second') }), 'restart'],
    [
      'the first secret of a container',
      group({
        ...base,
        containers: base.containers.replace(
          'ports: [{port: 80}]',
          'ports: [{port: 80}]\n    environmentVariables: [{name: B, secureValue: x}]',
        ),
      }),
      'replace',
    ],
    ['a command', group({ ...base, containers: `${base.containers}    command: [a]\n` }), 'restart'],
    [
      'the memory',
      group({ ...base, containers: base.containers.replace('memoryInGB: 1', 'memoryInGB: 2') }),
      'replace',
    ],
    ['a container more', group({ ...base, containers: base.containers + container('', 'third') }), 'replace'],
    [
      'the order of containers',
      group({
        ...base,
        containers:
          container('environmentVariables: [{name: A, secureValue: first}]', 'side') +
          container('ports: [{port: 80}]'),
      }),
      'none',
    ],
    [
      'a published port',
      group({
        ...base,
        containers: base.containers.replace('port: 80', 'port: 81'),
        more: base.more.replace('port: 80', 'port: 81'),
      }),
      'replace',
    ],
    ['an API version', group({ ...base, root: "apiVersion: '2023-05-01'" }), 'in-place'],
    ['a zone', group({ ...base, root: "zones: ['1']" }), 'in-place'],
    [
      'a port that is not published',
      group({
        ...base,
        containers: base.containers.replace('[{port: 80}]', '[{port: 80}, {port: 81}]'),
      }),
      'in-place',
    ],
    [
      'who may use the label again',
      group({ ...base, more: base.more.replace('hello', 'hello, dnsNameLabelReusePolicy: Noreuse') }),
      'in-place',
    ],
    [
      'the first config map',
      group({ ...base, containers: `${base.containers}    configMap: {keyValuePairs: {a: b}}\n` }),
      'replace',
    ],
    [
      'a mount',
      group({
        ...base,
        containers: `${base.containers}    volumeMounts: [{name: scratch, mountPath: /a}]\n`,
      }),
      'restart',
    ],
    [
      'a probe',
      group({ ...base, containers: `${base.containers}    livenessProbe: {exec: {command: [a]}}\n` }),
      'restart',
    ],
    [
      'the last secret',
      group({ ...base, containers: base.containers.replace('secureValue', 'value') }),
      'replace',
    ],
    ['the name', group(base).replace('shop', 'store'), 'replace'],
    ['the location', group({ ...base, root: 'location: west' }), 'replace'],
    [
      'an init container',
      group({ ...base, more: `${base.more}\ninitContainers: [{name: first, properties: {image: a}}]` }),
      'replace',
    ],
    ['the restart policy', group({ ...base, more: `${base.more}\nrestartPolicy: Never` }), 'replace'],
    ['a volume', group({ ...base, more: base.more.replace('emptyDir: {}', 'secret: {a: Yg==}') }), 'replace'],
  ])('%s: %#', (_what, text, effect) => {
    const after = read(text);
    expect(effectOf(diffGroups(before, after))).toBe(effect);
    expect(podFingerprint(before, 'p') !== podFingerprint(after, 'p')).toBe(effect === 'replace');
  });

  test('a config map changes where it is, but for the first and the last of its keys', () => {
    const mapped = (pairs: string) =>
      read(group({ containers: container(`configMap: {keyValuePairs: {${pairs}}}`) }));
    const [none, one, other, two] = [mapped(''), mapped('a: b'), mapped('a: c'), mapped('a: c, d: e')];
    const effects = [
      [none, one],
      [one, other],
      [other, two],
      [two, one],
      [one, none],
    ].map(([from = none, to = none]) => effectOf(diffGroups(from, to)));
    expect(effects).toEqual(['replace', 'in-place', 'in-place', 'in-place', 'replace']);
    expect(podFingerprint(one, 'p')).toBe(podFingerprint(two, 'p'));
    const [web, same] = [one.containers[0], two.containers[0]];
    expect(web && same && memberFingerprint(web, 'p') === memberFingerprint(same, 'p')).toBe(true);
  });

  test('a volume that is mounted twice is two mounts', () => {
    const mounted = (...paths: string[]) =>
      read(
        group({
          ...base,
          containers: container(
            `volumeMounts: [${paths.map((path) => `{name: scratch, mountPath: ${path}}`).join(', ')}]`,
          ),
          more: 'volumes: [{name: scratch, emptyDir: {}}]',
        }),
      );
    const changes = diffGroups(mounted('/a', '/b'), mounted('/c', '/b'));
    expect(effectOf(changes)).toBe('restart');
    expect(new Set(changes.map(({ path }) => path.split('.')[1]))).toEqual(
      new Set(['volumeMounts[/a]', 'volumeMounts[/c]']),
    );
    expect(diffGroups(mounted('/a', '/b'), mounted('/b', '/a'))).toEqual([]);
  });

  test('headers of one name are told apart', () => {
    const probed = (first: string) =>
      read(
        group({
          containers: container(
            `livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: a, value: ${first}}, {name: a, value: y}]}}`,
          ),
        }),
      );
    expect(diffGroups(probed('x'), probed('z'))).toMatchObject([{ from: 'x', to: 'z', effect: 'restart' }]);
  });

  test('init containers in another order run in another order', () => {
    const ordered = (...names: string[]) =>
      read(
        group({
          more: `initContainers: [${names.map((name) => `{name: ${name}, properties: {image: a}}`).join(', ')}]`,
        }),
      );
    expect(effectOf(diffGroups(ordered('a', 'b'), ordered('b', 'a')))).toBe('replace');
  });

  test('the login in the address of a git repository is not shown', () => {
    const cloned = (login: string) =>
      read(
        group({
          containers: container('volumeMounts: [{name: source, mountPath: /a}]'),
          more: `volumes: [{name: source, gitRepo: {repository: 'https://${login}@host/r.git'}}]`,
        }),
      );
    expect(diffGroups(cloned('user:first'), cloned('user:second'))).toEqual([
      {
        path: 'volumes[source].gitRepo.repository',
        effect: 'replace',
        from: 'https://••••@host/r.git',
        to: 'https://••••@host/r.git',
      },
    ]);
  });

  test('a changed secret is told and not shown', () => {
    const after = read(group({ ...base, containers: base.containers.replace('first', 'second') }));
    expect(diffGroups(before, after)).toEqual([
      {
        path: 'containers[side].environmentVariables[A].secureValue',
        effect: 'restart',
        from: '••••',
        to: '•••• (changed)',
      },
    ]);
  });

  test('only the member that changed has another fingerprint', () => {
    const after = read(group({ ...base, containers: base.containers.replace('first', 'second') }));
    const changed = before.containers.map((each, index) => {
      const other = after.containers[index];
      return other && memberFingerprint(each, 'p') !== memberFingerprint(other, 'p');
    });
    expect(changed).toEqual([false, true]);
  });
});

const word = fc.constantFrom('a', 'b', 'c');
const groups = fc
  .record({
    image: word,
    cpu: fc.constantFrom(0.5, 1),
    value: fc.option(word, { nil: undefined }),
    secret: fc.option(word, { nil: undefined }),
    tag: fc.option(word, { nil: undefined }),
    names: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
    policy: fc.constantFrom('Always', 'Never'),
    mounts: fc.uniqueArray(word, { maxLength: 3 }),
    ports: fc.boolean(),
    first: fc.uniqueArray(fc.constantFrom('x', 'y'), { maxLength: 2 }),
    password: word,
  })
  .map(({ image, cpu, value, secret, tag, names, policy, mounts, ports, first, password }) => {
    const entries = [
      ...(value ? [`{name: V, value: ${value}}`] : []),
      ...(secret ? [`{name: S, secureValue: ${secret}}`] : []),
    ];
    const more = [
      `image: acme/${image}`,
      `environmentVariables: [${entries.join(', ')}]`,
      `volumeMounts: [${mounts.map((path) => `{name: scratch, mountPath: /${path}}`).join(', ')}]`,
    ].join('\n');
    const listed = (name: string) => (ports && name === 'a' ? '\nports: [{port: 80}]' : '');
    const initContainers = first.map((name) => `{name: ${name}, properties: {image: a}}`).join(', ');
    const containers = names
      .map((name) =>
        container(more + listed(name), name, `resources: {requests: {cpu: ${cpu}, memoryInGB: 1}}`),
      )
      .join('');
    return read(
      group({
        containers,
        more: `restartPolicy: ${policy}\ninitContainers: [${initContainers}]\nvolumes: [{name: scratch, emptyDir: {}}]\nimageRegistryCredentials: [{server: r.io, username: a, password: ${password}}]`,
        root: tag ? `tags: {t: ${tag}}` : '',
      }),
    );
  });

describe('diff and fingerprints cannot disagree', () => {
  test('the pod has another fingerprint exactly when a change replaces it', () => {
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        const replaced = effectOf(diffGroups(a, b)) === 'replace';
        expect(podFingerprint(a, 'p') !== podFingerprint(b, 'p')).toBe(replaced);
      }),
      { numRuns: 300 },
    );
  });

  test('a member has another fingerprint exactly when a change restarts it', () => {
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        const changes = diffGroups(a, b);
        for (const member of a.containers) {
          const other = b.containers.find(({ name }) => name === member.name);
          if (!other) continue;
          const restarts = changes.some(
            ({ path, effect }) => effect === 'restart' && path.startsWith(`containers[${member.name}].`),
          );
          expect(memberFingerprint(member, 'p') !== memberFingerprint(other, 'p')).toBe(restarts);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a group does not differ from itself, and a fingerprint says nothing without its key', () => {
    fc.assert(
      fc.property(groups, (a) => {
        expect(diffGroups(a, a)).toEqual([]);
        expect(podFingerprint(a, 'p')).not.toBe(podFingerprint(a, 'q'));
      }),
      { numRuns: 100 },
    );
  });
});
