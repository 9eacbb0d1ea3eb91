import { describe, expect, test } from '@jest/globals';
import { readGroup } from '../../src/spec/index.ts';
import { container, group, marked } from './marked.ts';

type Case = readonly [title: string, text: string, code: string, severity?: 'warning'];

const ports = (list: string, published = '') =>
  group({
    containers: container(`ports: ${list}`),
    more: published ? `ipAddress: {type: Public, ports: ${published}}` : '',
  });
const mounts = (list: string, volumes = '[{name: scratch, emptyDir: {}}]') =>
  group({ containers: container(`volumeMounts: ${list}`), more: `volumes: ${volumes}` });
const variables = (list: string) => group({ containers: container(`environmentVariables: ${list}`) });
const resources = (text: string) => group({ containers: container('', 'web', `resources: ${text}`) });
const registry = (entry: string, root = '') => group({ more: `imageRegistryCredentials: [${entry}]`, root });
const address = (rest: string) =>
  group({ containers: container('ports: [{port: 80}]'), more: `ipAddress: {ports: [{port: 80}], ${rest}}` });
const subnet = 'subnetIds: [{id: /subscriptions/x/subnets/y}]';

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'what a text must be': [
    ['an empty file is refused', '«', 'empty-file'],
    ['a file of comments is empty', '«# nothing yet\n', 'empty-file'],
    ['a tab that indents is refused', 'name: shop\nproperties:\n«\tosType: Linux\n', 'yaml-syntax'],
    ['an open bracket is refused at the end', 'a: [1«', 'yaml-syntax'],
    ['a NUL byte is refused where it stands', 'name: a«\0b\n', 'yaml-syntax'],
    ['a second document is refused', 'name: a\n---\n«name: b\n', 'several-documents'],
    ['a key twice is refused at the second', 'name: a\n«name: b\n', 'duplicate-key'],
    ['a tag of a programming language is refused', 'name: «!!python/object:os.system x\n', 'yaml-tag'],
    ['an alias that contains itself is refused', 'name: &a [*«a]\n', 'yaml-cycle'],
    ['an alias that names nothing is refused', 'name: *«a\n', 'yaml-syntax'],
    ['the merge key is refused', 'a: &a {x: 1}\nb:\n  «<<: *a\n', 'yaml-merge'],
    [
      'nesting without end is refused',
      `a: ${'['.repeat(40)}${']'.repeat(40)}`.replace(`a: ${'['.repeat(32)}`, `a: ${'['.repeat(32)}«`),
      'too-deep',
    ],
    ['a compose file is named', '«services:\n  web: {image: nginx}\n', 'wrong-document'],
    ['a Kubernetes object is named', '«apiVersion: v1\nkind: Pod\nspec: {}\n', 'wrong-document'],
    ['an ARM template is named', '«$schema: x\nresources: []\n', 'wrong-document'],
    ['a GitHub workflow is named', '«on: push\njobs: {}\n', 'wrong-document'],
    ['a list is no group', '«- name: a\n', 'wrong-document'],
    ['plain text is no group', '«hello\n', 'wrong-document'],
  ],
  'what must be there': [
    ['properties', '«name: shop\n', 'InvalidRequestContent'],
    [
      'a name',
      '«properties: {osType: Linux, containers: [{name: a, properties: {image: a, resources: {requests: {cpu: 1, memoryInGB: 1}}}}]}\n',
      'InvalidRequestContent',
    ],
    ['an operating system', group({ os: '' }).replace('properties:', '«properties:'), 'InvalidOsType'],
    ['at least one container', 'name: shop\n«properties:\n  osType: Linux\n', 'InvalidRequestContent'],
    [
      'an image',
      group({
        containers: '- name: web\n  «properties:\n    resources: {requests: {cpu: 1, memoryInGB: 1}}\n',
      }),
      'InvalidRequestContent',
    ],
    [
      'resources',
      group({ containers: '- name: web\n  «properties:\n    image: a\n' }),
      'ResourceRequestsNotSpecified',
    ],
    ['requests', resources('{}').replace('resources', '«resources'), 'ResourceRequestsNotSpecified'],
    [
      'a cpu beside the memory',
      resources('{«requests: {memoryInGB: 1}}'),
      'ResourceSomeRequestsNotSpecified',
    ],
    ['a memory beside the cpu', resources('{«requests: {cpu: 1}}'), 'ResourceSomeRequestsNotSpecified'],
    ['a server of a registry', registry('«{username: a, password: b}'), 'InvalidRequestContent'],
  ],
  'values of the wrong kind': [
    ['an operating system that is none', group({ os: '«Linus' }), 'InvalidOsType'],
    ['a restart policy that is none', group({ more: 'restartPolicy: «Allways' }), 'InvalidRequestContent'],
    ['a priority that is none', group({ more: 'priority: «Low' }), 'PriorityNotSpecified'],
    [
      'a command that is text',
      group({ containers: container('command: «npm start') }),
      'InvalidRequestContent',
    ],
    [
      'containers that are a mapping',
      'name: shop\nproperties:\n  osType: Linux\n  «containers:\n    web: {}\n',
      'InvalidRequestContent',
    ],
    [
      'a memory that is no number',
      resources('{requests: {cpu: 1, memoryInGB: «lots}}'),
      'InvalidRequestContent',
    ],
    [
      'a flag that is neither true nor false',
      mounts('[{name: scratch, mountPath: /a, readOnly: «maybe}]'),
      'InvalidRequestContent',
    ],
    ['a port with a fraction', ports('[{port: «80.5}]'), 'InvalidRequestContent'],
  ],
  names: [
    [
      'capitals in the name of a container',
      group({ containers: container('', '«Web') }),
      'InvalidContainerName',
    ],
    [
      'an underscore in the name of a container',
      group({ containers: container('', '«my_web') }),
      'InvalidContainerName',
    ],
    [
      'a container name that is too long',
      group({ containers: container('', `«${'a'.repeat(64)}`) }),
      'InvalidContainerName',
    ],
    [
      'two containers of one name',
      group({ containers: container() + container('', '«web') }),
      'duplicate-container',
    ],
    [
      'capitals in the name of a group are allowed',
      group().replace('shop', '«myShop'),
      'group-name-unusual',
      'warning',
    ],
    ['a blank in the name of a group', group().replace('shop', '«my shop'), 'group-name-invalid'],
  ],
  ports: [
    ['port 0', ports('[{port: «0}]'), 'InvalidContainerPorts'],
    ['port 65536', ports('[{port: «65536}]'), 'InvalidContainerPorts'],
    [
      'one port on two containers',
      group({ containers: container('ports: [{port: 80}]') + container('ports: [{port: «80}]', 'side') }),
      'duplicate-port',
    ],
    ['one number for TCP and UDP', ports('[{port: 53}, {port: «53, protocol: UDP}]'), 'duplicate-port'],
    [
      'an address without ports',
      ports('[{port: 80}]', '[]').replace('ports: []', '«ports: []'),
      'MissingIpAddressPorts',
    ],
    [
      'a published port that no container has',
      ports('[{port: 80}]', '[{port: «443}]'),
      'UnreferencedIpAddressPorts',
    ],
    ['a port published twice', ports('[{port: 80}]', '[{port: 80}, {port: «80}]'), 'duplicate-port'],
    [
      'six published ports',
      ports(
        '[{port: 1}, {port: 2}, {port: 3}, {port: 4}, {port: 5}, {port: 6}]',
        '[{port: 1}, {port: 2}, {port: 3}, {port: 4}, {port: 5}, {port: 6}]',
      ).replace(', ports: [{port: 1}', ', «ports: [{port: 1}'),
      'too-many-ports',
    ],
    [
      'a port that ACI uses itself',
      ports('[{port: 19080}]', '[{port: «19080}]'),
      'port-discouraged',
      'warning',
    ],
  ],
  resources: [
    ['a cpu between the steps', resources('{requests: {cpu: «0.505, memoryInGB: 1}}'), 'cpu-step'],
    [
      'a memory between the steps',
      resources('{requests: {cpu: 1, memoryInGB: «0.25}}'),
      'MemoryRequirementNotTimesOfOneTenthGB',
    ],
    [
      'a limit below the request',
      resources('{requests: {cpu: 2, memoryInGB: 1}, limits: {cpu: «1}}'),
      'ResourceLimitsLessThanRequests',
    ],
    [
      'a limit above the whole group',
      resources('{requests: {cpu: 1, memoryInGB: 1}, limits: {memoryInGB: «2}}'),
      'ContainerLimitGreaterThanContainerGroupTotalRequest',
    ],
    [
      'more than the largest group',
      group({ containers: container('', 'web', 'resources: {requests: {cpu: 32, memoryInGB: 1}}') }).replace(
        'containers:',
        '«containers:',
      ),
      'group-too-large',
    ],
    ['no cpu at all', resources('{requests: {cpu: «0, memoryInGB: 1}}'), 'value-out-of-range'],
  ],
  'environment variables': [
    ['a dot in a name', variables('[{name: «a.b, value: x}]'), 'InvalidContainerEnvironmentVariable'],
    [
      'a digit at the start of a name',
      variables('[{name: «1a, value: x}]'),
      'InvalidContainerEnvironmentVariable',
    ],
    ['no value', variables('[«{name: A}]'), 'InvalidEnvironmentVariable'],
    ['two values', variables('[«{name: A, value: x, secureValue: y}]'), 'InvalidEnvironmentVariable'],
    [
      'an empty value in quotes is allowed',
      variables('[«{name: A, value: ""}]'),
      'variable-empty',
      'warning',
    ],
    ['one name twice', variables('[{name: A, value: x}, {name: «A, value: y}]'), 'duplicate-variable'],
    [
      'a name that ACI sets itself',
      variables('[{name: «FABRIC_ID, value: x}]'),
      'variable-reserved',
      'warning',
    ],
    ['a reference to nothing', variables('[{name: A, secureValueReference: «vault}]'), 'reference-unknown'],
  ],
  volumes: [
    [
      'a mount without its volume',
      mounts('[{name: «data, mountPath: /a}, {name: scratch, mountPath: /b}]'),
      'VolumesNotFound',
    ],
    ['a colon in a mount path', mounts('[{name: scratch, mountPath: «"/a:b"}]'), 'InvalidVolumeMountPath'],
    ['a mount path that is relative', mounts('[{name: scratch, mountPath: «data}]'), 'mount-path'],
    ['the root as a mount path', mounts('[{name: scratch, mountPath: «/}]'), 'mount-path'],
    [
      'two mounts at one place',
      mounts('[{name: scratch, mountPath: /a}, {name: scratch, mountPath: «/a/}]'),
      'duplicate-mount',
    ],
    [
      'a volume without a source',
      mounts('[{name: scratch, mountPath: /a}]', '[«{name: scratch}]'),
      'volume-source',
    ],
    [
      'a volume with two sources',
      mounts('[{name: scratch, mountPath: /a}]', '[«{name: scratch, emptyDir: {}, secret: {a: Yg==}}]'),
      'volume-source',
    ],
    [
      'a volume that nobody mounts',
      mounts('[]', '[{name: «scratch, emptyDir: {}}]'),
      'volume-unused',
      'warning',
    ],
    [
      'two volumes of one name',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, emptyDir: {}}, {name: «scratch, emptyDir: {}}]',
      ),
      'duplicate-volume',
    ],
    [
      'a short name of a volume is allowed',
      mounts('[{name: tmp, mountPath: /a}]', '[{name: «tmp, emptyDir: {}}]'),
      'volume-name-short',
      'warning',
    ],
    [
      'capitals in the name of a volume',
      mounts('[{name: Scratch, mountPath: /a}]', '[{name: «Scratch, emptyDir: {}}]'),
      'volume-name-invalid',
    ],
    [
      'a secret that is not base64',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, secret: {key: «"not base64!"}}]'),
      'secret-not-base64',
    ],
    [
      'a secret file in another folder',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, secret: {«../key: Yg==}}]'),
      'secret-file-name',
    ],
    [
      'a repository on the disk',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, gitRepo: {repository: «/etc}}]'),
      'git-repository',
    ],
    [
      'a repository through a program',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: «"ext::sh -c id"}}]',
      ),
      'git-repository',
    ],
    [
      'a directory that leads out',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: "https://h/r", directory: «../x}}]',
      ),
      'git-directory',
    ],
    [
      'a revision that is an option',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: "https://h/r", revision: «--upload-pack=x}}]',
      ),
      'git-revision',
    ],
    [
      'a share without a way to log in',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, «azureFile: {shareName: a, storageAccountName: b}}]',
      ),
      'share-login',
    ],
  ],
  'registries and images': [
    [
      'a server with a scheme',
      registry('{server: «"https://r.io", username: a, password: b}'),
      'InvalidImageRegistryServer',
    ],
    ['neither user nor identity', registry('«{server: r.io}'), 'AmbiguousImageResitryCredentialType'],
    ['an empty password', registry('{server: r.io, username: a, password: «""}'), 'registry-password'],
    [
      'an identity that is not attached',
      registry('{server: r.io, identity: «/id/a}'),
      'InvalidImageRegistryIdentity',
    ],
    [
      'two logins for one server',
      registry('{server: r.io, username: a, password: b}, {server: «r.io, username: a, password: b}'),
      'duplicate-registry',
    ],
    [
      'an image with a scheme',
      group({ containers: container('image: «https://r.io/a') }),
      'InaccessibleImage',
    ],
    ['an image with capitals', group({ containers: container('image: «Acme/Web') }), 'InaccessibleImage'],
  ],
  'addresses and networks': [
    ['a private address without a network', address('type: «Private'), 'PrivateIPAddressNotSupported'],
    [
      'a public address in a network',
      address('type: «Public').replace('  containers:', `  ${subnet}\n  containers:`),
      'InvalidIpAddressTypeForNetworkProfile',
    ],
    ['a label with capitals', address('type: Public, dnsNameLabel: «Teste'), 'dns-label-invalid'],
    ['a label that is too short', address('type: Public, dnsNameLabel: «abcd'), 'dns-label-invalid'],
    ['a label that begins with a digit', address('type: Public, dnsNameLabel: «1hello'), 'dns-label-invalid'],
    [
      'dnsConfig without a network',
      group({ more: '«dnsConfig: {nameServers: [1.1.1.1]}' }),
      'dns-config-without-subnet',
    ],
    [
      'a network profile that is none',
      group({ more: 'networkProfile: {id: «/x/y}' }),
      'InvalidNetworkProfile',
    ],
    ['two subnets', group({ more: '«subnetIds: [{id: a}, {id: b}]' }), 'subnets-several', 'warning'],
  ],
  'what does not go together': [
    [
      'two containers on Windows',
      group({ os: 'Windows', containers: container() + container('', 'side') }).replace(
        'containers:',
        '«containers:',
      ),
      'windows-one-container',
    ],
    [
      'volumes on Windows',
      group({
        os: 'Windows',
        containers: container('volumeMounts: [{name: scratch, mountPath: /a}]'),
        more: '«volumes: [{name: scratch, emptyDir: {}}]',
      }),
      'WindowsContainersVolumeNotSupported',
    ],
    [
      'an identity on Windows',
      group({ os: 'Windows', root: '«identity: {type: SystemAssigned}' }),
      'IdentityNotSupportedOnWindows',
    ],
    [
      'confidential Windows',
      group({ os: 'Windows', more: 'sku: «Confidential' }),
      'ConfidentialContainerGroupSkuIsNotSupported',
    ],
    [
      'an address on Spot',
      group({
        containers: container('ports: [{port: 80}]'),
        more: 'priority: Spot\n«ipAddress: {type: Public, ports: [{port: 80}]}',
      }),
      'SpotPriorityContainerGroupNotSupportedForInboundConnectivity',
    ],
    [
      'a dedicated Spot group',
      group({ more: 'priority: Spot\nsku: «Dedicated' }),
      'SpotPriorityContainerGroupNotSupportedInSku',
    ],
    [
      'a GPU on Spot',
      group({
        containers: container(
          '',
          'web',
          'resources: {requests: {cpu: 1, memoryInGB: 1, gpu: {count: 1, sku: V100}}}',
        ),
        more: 'priority: Spot',
      }).replace('containers:', '«containers:'),
      'SpotPriorityContainerGroupWithGPUResourcesNotSupported',
    ],
    [
      'a probe of two kinds',
      group({ containers: container('«livenessProbe: {exec: {command: [a]}, httpGet: {port: 80}}') }),
      'probe-kind',
    ],
    [
      'a probe of no kind',
      group({ containers: container('«readinessProbe: {periodSeconds: 5}') }),
      'probe-kind',
    ],
    [
      'a policy that is not base64',
      group({ more: 'sku: Confidential\nconfidentialComputeProperties: {ccePolicy: «"%%"}' }),
      'cce-policy-not-base64',
    ],
    [
      'an API version that nobody knows',
      group({ root: 'apiVersion: «2031-01-01' }),
      'api-version-unknown',
      'warning',
    ],
  ],
  'properties that do nothing': [
    ['a typing error', group({ more: '«restartPolisy: Never' }), 'unknown-property', 'warning'],
    ['a label one level too high', group({ more: '«dnsNameLabel: hello' }), 'misplaced-property', 'warning'],
    [
      'a restart policy inside a container',
      group({ containers: container('«restartPolicy: Never') }),
      'misplaced-property',
      'warning',
    ],
    [
      'api-version instead of apiVersion',
      group({ root: '«api-version: 2021-10-01' }),
      'unknown-property',
      'warning',
    ],
    ['a startup probe', group({ containers: container('«startupProbe: {}') }), 'unknown-property', 'warning'],
    ['the env of Kubernetes', group({ containers: container('«env: []') }), 'unknown-property', 'warning'],
  ],
};

for (const [topic, cases] of Object.entries(CASES)) {
  describe(topic, () => {
    test.each(cases)('%s', (_title, text, code, severity = undefined) => {
      const expected = marked(text);
      const { problems, group: understood } = readGroup(expected.text, { file: 'shop.yaml' });
      const found = problems.find((problem) => problem.code === code);
      expect(problems.map((problem) => problem.code)).toContain(code);
      expect(found).toMatchObject({
        file: 'shop.yaml',
        line: expected.line,
        column: expected.column,
        severity: severity ?? 'error',
      });
      expect(found?.own).toBe(!/^[A-Z]/.test(code));
      expect(found?.advice).not.toBe('');
      expect(understood === undefined).toBe(problems.some((problem) => problem.severity === 'error'));
    });
  });
}

test('every mistake is told at once, in the order of the file', () => {
  const text = group({
    containers: container('environmentVariables: [{name: a.b, value: x}]\nports: [{port: 0}]', 'Web'),
    os: 'Linus',
  });
  const { problems } = readGroup(text);
  expect(problems.map(({ code }) => code)).toEqual([
    'InvalidOsType',
    'InvalidContainerName',
    'InvalidContainerEnvironmentVariable',
    'InvalidContainerPorts',
  ]);
});

test('an alias bomb is refused before it is unfolded', () => {
  const levels = 'abcdefgh'.split('').map((name, index, all) => {
    const inner = index === 0 ? '1' : `*${all[index - 1]}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]`;
  });
  expect(readGroup(levels.join('\n')).problems).toMatchObject([{ code: 'too-many-nodes' }]);
});

test('a file of more than 1 MiB is refused without being read', () => {
  expect(readGroup(`a: ${'x'.repeat(1_048_577)}`).problems).toMatchObject([
    { code: 'file-too-large', line: 1, column: 1 },
  ]);
});

test('a byte order mark and Windows line ends move no column', () => {
  const text = `\ufeff${group({ os: 'Linus' }).replaceAll('\n', '\r\n')}`;
  expect(readGroup(text).problems).toMatchObject([{ code: 'InvalidOsType', line: 3, column: 11 }]);
});

test('a typing error and a misplaced property say what was meant', () => {
  const advice = (text: string) => readGroup(text).problems.map((problem) => problem.advice);
  expect(advice(group({ more: 'restartPolisy: Never' }))).toEqual(['Did you mean restartPolicy?']);
  expect(advice(group({ more: 'dnsNameLabel: hello' }))).toEqual([
    'It belongs to properties.ipAddress.dnsNameLabel.',
  ]);
});
