import { describe, expect, test } from '@jest/globals';
import { readGroup } from '../../src/spec/index.ts';
import { container, group, marked } from './marked.ts';

type Case = readonly [title: string, text: string, code: string, path: string, severity?: 'warning'];

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
const dns = (text: string) => group({ more: `subnetIds: [{id: y}]\ndnsConfig: {${text}}` });
const subnet = 'subnetIds: [{id: /subscriptions/x/subnets/y}]';

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'what a text must be': [
    ['an empty file is refused', '«', 'empty-file', ''],
    ['a file of comments is empty', '«# nothing yet\n', 'empty-file', ''],
    ['a tab that indents is refused', 'name: shop\nproperties:\n«\tosType: Linux\n', 'yaml-syntax', ''],
    ['an open bracket is refused at the end', 'a: [1«', 'yaml-syntax', ''],
    ['a NUL byte is refused where it stands', 'name: a«\0b\n', 'yaml-syntax', ''],
    ['a second document is refused', 'name: a\n---\n«name: b\n', 'several-documents', ''],
    ['a key twice is refused at the second', 'name: a\n«name: b\n', 'duplicate-key', ''],
    ['a tag of a programming language is refused', 'name: «!!python/object:os.system x\n', 'yaml-tag', ''],
    ['an alias that contains itself is refused', 'name: &a [«*a]\n', 'yaml-cycle', ''],
    ['an alias that names nothing is refused', 'name: «*a\n', 'yaml-syntax', ''],
    ['the merge key is refused', 'a: &a {x: 1}\nb:\n  «<<: *a\n', 'yaml-merge', ''],
    [
      'nesting without end is refused',
      `a: ${'['.repeat(40)}${']'.repeat(40)}`.replace(`a: ${'['.repeat(32)}`, `a: ${'['.repeat(32)}«`),
      'too-deep',
      '',
    ],
    ['a compose file is named', '«services:\n  web: {image: nginx}\n', 'wrong-document', ''],
    ['a Kubernetes object is named', '«apiVersion: v1\nkind: Pod\nspec: {}\n', 'wrong-document', ''],
    ['an ARM template is named', '«$schema: x\nresources: []\n', 'wrong-document', ''],
    ['a GitHub workflow is named', '«on: push\njobs: {}\n', 'wrong-document', ''],
    ['a list is no group', '«- name: a\n', 'wrong-document', ''],
    ['plain text is no group', '«hello\n', 'wrong-document', ''],
  ],
  'what must be there': [
    ['properties', '«name: shop\n', 'InvalidRequestContent', ''],
    [
      'a name',
      '«properties: {osType: Linux, containers: [{name: a, properties: {image: a, resources: {requests: {cpu: 1, memoryInGB: 1}}}}]}\n',
      'InvalidRequestContent',
      'name',
    ],
    [
      'an operating system',
      group({ os: '' }).replace('properties:', '«properties:'),
      'InvalidOsType',
      'properties.osType',
    ],
    [
      'at least one container',
      'name: shop\n«properties:\n  osType: Linux\n',
      'InvalidRequestContent',
      'properties.containers',
    ],
    [
      'an image',
      group({
        containers: '- name: web\n  «properties:\n    resources: {requests: {cpu: 1, memoryInGB: 1}}\n',
      }),
      'InvalidRequestContent',
      'properties.containers[0].properties.image',
    ],
    [
      'resources',
      group({ containers: '- name: web\n  «properties:\n    image: a\n' }),
      'ResourceRequestsNotSpecified',
      'properties.containers[0].properties.resources',
    ],
    [
      'requests',
      resources('{}').replace('resources', '«resources'),
      'ResourceRequestsNotSpecified',
      'properties.containers[0].properties.resources.requests',
    ],
    [
      'a cpu beside the memory',
      resources('{«requests: {memoryInGB: 1}}'),
      'ResourceSomeRequestsNotSpecified',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
    [
      'a memory beside the cpu',
      resources('{«requests: {cpu: 1}}'),
      'ResourceSomeRequestsNotSpecified',
      'properties.containers[0].properties.resources.requests.memoryInGB',
    ],
    [
      'a server of a registry',
      registry('«{username: a, password: b}'),
      'InvalidRequestContent',
      'properties.imageRegistryCredentials[0].server',
    ],
  ],
  'values of the wrong kind': [
    ['an operating system that is none', group({ os: '«Linus' }), 'InvalidOsType', 'properties.osType'],
    [
      'a restart policy that is none',
      group({ more: 'restartPolicy: «Allways' }),
      'InvalidRequestContent',
      'properties.restartPolicy',
    ],
    [
      'a priority that is none',
      group({ more: 'priority: «Low' }),
      'PriorityNotSpecified',
      'properties.priority',
    ],
    [
      'a command that is text',
      group({ containers: container('command: «npm start') }),
      'InvalidRequestContent',
      'properties.containers[0].properties.command',
    ],
    [
      'containers that are a mapping',
      'name: shop\nproperties:\n  osType: Linux\n  «containers:\n    web: {}\n',
      'InvalidRequestContent',
      'properties.containers',
    ],
    [
      'a memory that is no number',
      resources('{requests: {cpu: 1, memoryInGB: «lots}}'),
      'InvalidRequestContent',
      'properties.containers[0].properties.resources.requests.memoryInGB',
    ],
    [
      'a flag that is neither true nor false',
      mounts('[{name: scratch, mountPath: /a, readOnly: «maybe}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.volumeMounts[0].readOnly',
    ],
    [
      'a port with a fraction',
      ports('[{port: «80.5}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0].port',
    ],
  ],
  names: [
    [
      'capitals in the name of a container',
      group({ containers: container('', '«Web') }),
      'InvalidContainerName',
      'properties.containers[0].name',
    ],
    [
      'an underscore in the name of a container',
      group({ containers: container('', '«my_web') }),
      'InvalidContainerName',
      'properties.containers[0].name',
    ],
    [
      'a container name that is too long',
      group({ containers: container('', `«${'a'.repeat(64)}`) }),
      'InvalidContainerName',
      'properties.containers[0].name',
    ],
    [
      'two containers of one name',
      group({ containers: container() + container('', '«web') }),
      'duplicate-container',
      'properties.containers[1].name',
    ],
    [
      'capitals in the name of a group are allowed',
      group().replace('shop', '«myShop'),
      'group-name-unusual',
      'name',
      'warning',
    ],
    ['a blank in the name of a group', group().replace('shop', '«my shop'), 'group-name-invalid', 'name'],
  ],
  ports: [
    [
      'port 0',
      ports('[{port: «0}]'),
      'InvalidContainerPorts',
      'properties.containers[0].properties.ports[0].port',
    ],
    [
      'port 65536',
      ports('[{port: «65536}]'),
      'InvalidContainerPorts',
      'properties.containers[0].properties.ports[0].port',
    ],
    [
      'one port on two containers',
      group({ containers: container('ports: [{port: 80}]') + container('ports: [{port: «80}]', 'side') }),
      'duplicate-port',
      'properties.containers[1].properties.ports[0].port',
    ],
    [
      'one number for TCP and UDP',
      ports('[{port: 53}, {port: «53, protocol: UDP}]'),
      'duplicate-port',
      'properties.containers[0].properties.ports[1].port',
    ],
    [
      'an address without ports',
      ports('[{port: 80}]', '[]').replace('ports: []', '«ports: []'),
      'MissingIpAddressPorts',
      'properties.ipAddress.ports',
    ],
    [
      'a published port that no container has',
      ports('[{port: 80}]', '[{port: «443}]'),
      'UnreferencedIpAddressPorts',
      'properties.ipAddress.ports[0].port',
    ],
    [
      'a port published twice',
      ports('[{port: 80}]', '[{port: 80}, {port: «80}]'),
      'duplicate-port',
      'properties.ipAddress.ports[1].port',
    ],
    [
      'six published ports',
      ports(
        '[{port: 1}, {port: 2}, {port: 3}, {port: 4}, {port: 5}, {port: 6}]',
        '[{port: 1}, {port: 2}, {port: 3}, {port: 4}, {port: 5}, {port: 6}]',
      ).replace(', ports: [{port: 1}', ', «ports: [{port: 1}'),
      'too-many-ports',
      'properties.ipAddress.ports',
    ],
    [
      'a port that ACI uses itself',
      ports('[{port: 19080}]', '[{port: «19080}]'),
      'port-discouraged',
      'properties.ipAddress.ports[0].port',
      'warning',
    ],
  ],
  resources: [
    [
      'a cpu between the steps',
      resources('{requests: {cpu: «0.505, memoryInGB: 1}}'),
      'cpu-step',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
    [
      'a memory between the steps',
      resources('{requests: {cpu: 1, memoryInGB: «0.25}}'),
      'MemoryRequirementNotTimesOfOneTenthGB',
      'properties.containers[0].properties.resources.requests.memoryInGB',
    ],
    [
      'a limit below the request',
      resources('{requests: {cpu: 2, memoryInGB: 1}, limits: {cpu: «1}}'),
      'ResourceLimitsLessThanRequests',
      'properties.containers[0].properties.resources.limits.cpu',
    ],
    [
      'a limit above the whole group',
      resources('{requests: {cpu: 1, memoryInGB: 1}, limits: {memoryInGB: «2}}'),
      'ContainerLimitGreaterThanContainerGroupTotalRequest',
      'properties.containers[0].properties.resources.limits.memoryInGB',
    ],
    [
      'more than the largest group',
      group({ containers: container('', 'web', 'resources: {requests: {cpu: 32, memoryInGB: 1}}') }).replace(
        'containers:',
        '«containers:',
      ),
      'group-too-large',
      'properties.containers',
    ],
    [
      'no cpu at all',
      resources('{requests: {cpu: «0, memoryInGB: 1}}'),
      'value-out-of-range',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
  ],
  'environment variables': [
    [
      'a dot in a name',
      variables('[{name: «a.b, value: x}]'),
      'InvalidContainerEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0].name',
    ],
    [
      'a digit at the start of a name',
      variables('[{name: «1a, value: x}]'),
      'InvalidContainerEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0].name',
    ],
    [
      'no value',
      variables('[«{name: A}]'),
      'InvalidEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0]',
    ],
    [
      'two values',
      variables('[«{name: A, value: x, secureValue: y}]'),
      'InvalidEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0]',
    ],
    [
      'an empty value in quotes is allowed',
      variables('[«{name: A, value: ""}]'),
      'variable-empty',
      'properties.containers[0].properties.environmentVariables[0]',
      'warning',
    ],
    [
      'one name twice',
      variables('[{name: A, value: x}, {name: «A, value: y}]'),
      'duplicate-variable',
      'properties.containers[0].properties.environmentVariables[1].name',
    ],
    [
      'a name that ACI sets itself',
      variables('[{name: «FABRIC_ID, value: x}]'),
      'variable-reserved',
      'properties.containers[0].properties.environmentVariables[0].name',
      'warning',
    ],
    [
      'a reference to nothing',
      variables('[{name: A, secureValueReference: «vault}]'),
      'reference-unknown',
      'properties.containers[0].properties.environmentVariables[0].secureValueReference',
    ],
  ],
  volumes: [
    [
      'a mount without its volume',
      mounts('[{name: «data, mountPath: /a}, {name: scratch, mountPath: /b}]'),
      'VolumesNotFound',
      'properties.containers[0].properties.volumeMounts[0].name',
    ],
    [
      'a colon in a mount path',
      mounts('[{name: scratch, mountPath: «"/a:b"}]'),
      'InvalidVolumeMountPath',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'a mount path that is relative',
      mounts('[{name: scratch, mountPath: «data}]'),
      'mount-path',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'the root as a mount path',
      mounts('[{name: scratch, mountPath: «/}]'),
      'mount-path',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'two mounts at one place',
      mounts('[{name: scratch, mountPath: /a}, {name: scratch, mountPath: «/a/}]'),
      'duplicate-mount',
      'properties.containers[0].properties.volumeMounts[1].mountPath',
    ],
    [
      'a volume without a source',
      mounts('[{name: scratch, mountPath: /a}]', '[«{name: scratch}]'),
      'volume-source',
      'properties.volumes[0]',
    ],
    [
      'a volume with two sources',
      mounts('[{name: scratch, mountPath: /a}]', '[«{name: scratch, emptyDir: {}, secret: {a: Yg==}}]'),
      'volume-source',
      'properties.volumes[0]',
    ],
    [
      'a volume that nobody mounts',
      mounts('[]', '[{name: «scratch, emptyDir: {}}]'),
      'volume-unused',
      'properties.volumes[0].name',
      'warning',
    ],
    [
      'two volumes of one name',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, emptyDir: {}}, {name: «scratch, emptyDir: {}}]',
      ),
      'duplicate-volume',
      'properties.volumes[1].name',
    ],
    [
      'a short name of a volume is allowed',
      mounts('[{name: tmp, mountPath: /a}]', '[{name: «tmp, emptyDir: {}}]'),
      'volume-name-short',
      'properties.volumes[0].name',
      'warning',
    ],
    [
      'capitals in the name of a volume',
      mounts('[{name: Scratch, mountPath: /a}]', '[{name: «Scratch, emptyDir: {}}]'),
      'volume-name-invalid',
      'properties.volumes[0].name',
    ],
    [
      'a secret that is not base64',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, secret: {key: «"not base64!"}}]'),
      'secret-not-base64',
      'properties.volumes[0].secret.key',
    ],
    [
      'a secret file in another folder',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, secret: {«../key: Yg==}}]'),
      'secret-file-name',
      'properties.volumes[0].secret.../key',
    ],
    [
      'a repository on the disk',
      mounts('[{name: scratch, mountPath: /a}]', '[{name: scratch, gitRepo: {repository: «/etc}}]'),
      'git-repository',
      'properties.volumes[0].gitRepo.repository',
    ],
    [
      'a repository through a program',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: «"ext::sh -c id"}}]',
      ),
      'git-repository',
      'properties.volumes[0].gitRepo.repository',
    ],
    [
      'a directory that leads out',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: "https://h/r", directory: «../x}}]',
      ),
      'git-directory',
      'properties.volumes[0].gitRepo.directory',
    ],
    [
      'a revision that is an option',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, gitRepo: {repository: "https://h/r", revision: «--upload-pack=x}}]',
      ),
      'git-revision',
      'properties.volumes[0].gitRepo.revision',
    ],
    [
      'a share without a way to log in',
      mounts(
        '[{name: scratch, mountPath: /a}]',
        '[{name: scratch, «azureFile: {shareName: a, storageAccountName: files}}]',
      ),
      'share-login',
      'properties.volumes[0].azureFile',
    ],
  ],
  'registries and images': [
    [
      'a server with a scheme',
      registry('{server: «"https://r.io", username: a, password: b}'),
      'InvalidImageRegistryServer',
      'properties.imageRegistryCredentials[0].server',
    ],
    [
      'neither user nor identity',
      registry('«{server: r.io}'),
      'AmbiguousImageResitryCredentialType',
      'properties.imageRegistryCredentials[0]',
    ],
    [
      'an empty password',
      registry('{server: r.io, username: a, password: «""}'),
      'registry-password',
      'properties.imageRegistryCredentials[0].password',
    ],
    [
      'an identity that is not attached',
      registry('{server: r.io, identity: «/id/a}'),
      'InvalidImageRegistryIdentity',
      'properties.imageRegistryCredentials[0].identity',
    ],
    [
      'two logins for one server',
      registry('{server: r.io, username: a, password: b}, {server: «r.io, username: a, password: b}'),
      'duplicate-registry',
      'properties.imageRegistryCredentials[1].server',
    ],
    [
      'an image with a scheme',
      group({ containers: container('image: «https://r.io/a') }),
      'InaccessibleImage',
      'properties.containers[0].properties.image',
    ],
    [
      'an image with capitals',
      group({ containers: container('image: «Acme/Web') }),
      'InaccessibleImage',
      'properties.containers[0].properties.image',
    ],
  ],
  'addresses and networks': [
    [
      'a private address without a network',
      address('type: «Private'),
      'PrivateIPAddressNotSupported',
      'properties.ipAddress.type',
    ],
    [
      'a public address in a network',
      address('type: «Public').replace('  containers:', `  ${subnet}\n  containers:`),
      'InvalidIpAddressTypeForNetworkProfile',
      'properties.ipAddress.type',
    ],
    [
      'a label with capitals',
      address('type: Public, dnsNameLabel: «Teste'),
      'dns-label-invalid',
      'properties.ipAddress.dnsNameLabel',
    ],
    [
      'a label that is too short',
      address('type: Public, dnsNameLabel: «abcd'),
      'dns-label-invalid',
      'properties.ipAddress.dnsNameLabel',
    ],
    [
      'a label that begins with a digit',
      address('type: Public, dnsNameLabel: «1hello'),
      'dns-label-invalid',
      'properties.ipAddress.dnsNameLabel',
    ],
    [
      'a custom domain without a label',
      address('type: Public, «customDomains: [shop.example.com]'),
      'domain-without-name',
      'properties.ipAddress.customDomains',
    ],
    [
      'more custom domains than five',
      address('type: Public, dnsNameLabel: hello, «customDomains: [a.co, b.co, c.co, d.co, e.co, f.co]'),
      'domain-invalid',
      'properties.ipAddress.customDomains',
    ],
    [
      'a custom domain with capitals',
      address('type: Public, dnsNameLabel: hello, customDomains: [shop.example.com, «Www.example.com]'),
      'domain-invalid',
      'properties.ipAddress.customDomains[1]',
    ],
    [
      'an address for a custom domain',
      address('type: Public, dnsNameLabel: hello, customDomains: [«203.0.113.7]'),
      'domain-invalid',
      'properties.ipAddress.customDomains[0]',
    ],
    [
      'a custom domain that stands there twice',
      address('type: Public, dnsNameLabel: hello, customDomains: [shop.example.com, «shop.example.com]'),
      'domain-invalid',
      'properties.ipAddress.customDomains[1]',
    ],
    [
      'dnsConfig without a network',
      group({ more: '«dnsConfig: {nameServers: [1.1.1.1]}' }),
      'dns-config-without-subnet',
      'properties.dnsConfig',
    ],
    [
      'a network profile that is none',
      group({ more: 'networkProfile: {id: «/x/y}' }),
      'InvalidNetworkProfile',
      'properties.networkProfile.id',
    ],
    [
      'two subnets',
      group({ more: '«subnetIds: [{id: a}, {id: b}]' }),
      'subnets-several',
      'properties.subnetIds',
      'warning',
    ],
  ],
  'what does not go together': [
    [
      'two containers on Windows',
      group({ os: 'Windows', containers: container() + container('', 'side') }).replace(
        'containers:',
        '«containers:',
      ),
      'windows-one-container',
      'properties.containers',
    ],
    [
      'volumes on Windows',
      group({
        os: 'Windows',
        containers: container('volumeMounts: [{name: scratch, mountPath: /a}]'),
        more: '«volumes: [{name: scratch, emptyDir: {}}]',
      }),
      'WindowsContainersVolumeNotSupported',
      'properties.volumes',
    ],
    [
      'an identity on Windows',
      group({ os: 'Windows', root: '«identity: {type: SystemAssigned}' }),
      'IdentityNotSupportedOnWindows',
      'identity',
    ],
    [
      'confidential Windows',
      group({ os: 'Windows', more: 'sku: «Confidential' }),
      'ConfidentialContainerGroupSkuIsNotSupported',
      'properties.sku',
    ],
    [
      'an address on Spot',
      group({
        containers: container('ports: [{port: 80}]'),
        more: 'priority: Spot\n«ipAddress: {type: Public, ports: [{port: 80}]}',
      }),
      'SpotPriorityContainerGroupNotSupportedForInboundConnectivity',
      'properties.ipAddress',
    ],
    [
      'a dedicated Spot group',
      group({ more: 'priority: Spot\nsku: «Dedicated' }),
      'SpotPriorityContainerGroupNotSupportedInSku',
      'properties.sku',
    ],
    [
      'a GPU on Spot',
      group({
        containers: container(
          '',
          'web',
          'resources: {requests: {cpu: 1, memoryInGB: 1, «gpu: {count: 1, sku: V100}}}',
        ),
        more: 'priority: Spot',
      }),
      'SpotPriorityContainerGroupWithGPUResourcesNotSupported',
      'properties.containers[0].properties.resources.requests.gpu',
    ],
    [
      'a probe of two kinds',
      group({ containers: container('«livenessProbe: {exec: {command: [a]}, httpGet: {port: 80}}') }),
      'probe-kind',
      'properties.containers[0].properties.livenessProbe',
    ],
    [
      'a probe of no kind',
      group({ containers: container('«readinessProbe: {periodSeconds: 5}') }),
      'probe-kind',
      'properties.containers[0].properties.readinessProbe',
    ],
    [
      'a policy that is not base64',
      group({ more: 'sku: Confidential\nconfidentialComputeProperties: {ccePolicy: «"%%"}' }),
      'cce-policy-not-base64',
      'properties.confidentialComputeProperties.ccePolicy',
    ],
    [
      'an API version that nobody knows',
      group({ root: 'apiVersion: «2031-01-01' }),
      'api-version-unknown',
      'apiVersion',
      'warning',
    ],
  ],
  'properties that do nothing': [
    [
      'a typing error',
      group({ more: '«restartPolisy: Never' }),
      'unknown-property',
      'properties.restartPolisy',
      'warning',
    ],
    [
      'a label one level too high',
      group({ more: '«dnsNameLabel: hello' }),
      'misplaced-property',
      'properties.dnsNameLabel',
      'warning',
    ],
    [
      'a restart policy inside a container',
      group({ containers: container('«restartPolicy: Never') }),
      'misplaced-property',
      'properties.containers[0].properties.restartPolicy',
      'warning',
    ],
    [
      'api-version instead of apiVersion',
      group({ root: '«api-version: 2021-10-01' }),
      'unknown-property',
      'api-version',
      'warning',
    ],
    [
      'a startup probe',
      group({ containers: container('«startupProbe: {}') }),
      'unknown-property',
      'properties.containers[0].properties.startupProbe',
      'warning',
    ],
    [
      'the env of Kubernetes',
      group({ containers: container('«env: []') }),
      'unknown-property',
      'properties.containers[0].properties.env',
      'warning',
    ],
  ],
};

const inVolume = (source: string) =>
  mounts('[{name: scratch, mountPath: /a}]', `[{name: scratch, ${source}}]`);
const init = (text: string) => group({ more: `initContainers:\n${text}` });
const probe = (text: string) => group({ containers: container(`livenessProbe: ${text}`) });
const gpu = 'resources: {requests: {cpu: 1, memoryInGB: 1, gpu: {count: 1, sku: V100}}}';
const many = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join(', ');
const arm = '/subscriptions/x/resourceGroups/y/providers/Microsoft.Network';

const MORE_CASES: Readonly<Record<string, readonly Case[]>> = {
  'more of what a text must be': [
    ['noise is no text', '«\u0001\u0002\ufffd', 'yaml-syntax', ''],
    ['a hundred brackets are too deep', `a: ${'['.repeat(99)}«${'['.repeat(500)}`, 'too-deep', ''],
    ['a colon too many', 'name: a«: b\n', 'yaml-syntax', ''],
    ['a quote that stays open', 'name: "shop\n«', 'yaml-syntax', ''],
    ['indentation that goes nowhere', 'name: shop\n  location«: x\n', 'yaml-syntax', ''],
    ['a tag of one’s own', 'name: «!env NAME\n', 'yaml-tag', ''],
    ['a tag of another namespace', 'name: «!shop!env NAME\n', 'yaml-tag', ''],
    ['a mapping as the name of a property', '? «{a: b}\n: c\n', 'yaml-syntax', ''],
    ['a key twice inside a list', 'a:\n- x: 1\n  «x: 2\n', 'duplicate-key', ''],
    ['a key twice in JSON', '{"name": "a", «"name": "b"}', 'duplicate-key', ''],
    ['a property in two spellings', group({ more: '«OSTYPE: Linux' }), 'duplicate-key', 'properties.osType'],
    [
      'a property and its other name',
      address('type: Public, dnsNameLabelReusePolicy: Noreuse, «autoGeneratedDomainNameLabelScope: Noreuse'),
      'duplicate-key',
      'properties.ipAddress.autoGeneratedDomainNameLabelScope',
    ],
    ['three dots and another document', 'name: a\n...\n---\n«name: b\n', 'several-documents', ''],
    ['a list of Kubernetes objects', '«apiVersion: v1\nkind: List\nitems: []\n', 'wrong-document', ''],
    ['a template in JSON', '«{"$schema": "x", "contentVersion": "1", "resources": []}', 'wrong-document', ''],
    ['a number', '«42\n', 'wrong-document', ''],
    ['null', '«null\n', 'wrong-document', ''],
  ],
  'properties one level too high': [
    ['a group as az shows it', '«name: shop\nosType: Linux\ncontainers: []\n', 'InvalidRequestContent', ''],
    [
      'a container without properties',
      group({ containers: '- «name: web\n  image: a\n  resources: {}\n' }),
      'InvalidRequestContent',
      'properties.containers[0]',
    ],
    [
      'properties that are a list',
      '«name: shop\nproperties:\n- osType: Linux\n',
      'InvalidRequestContent',
      '',
    ],
  ],
  'more values of the wrong kind': [
    ['a sku that is none', group({ more: 'sku: «Premium' }), 'InvalidRequestContent', 'properties.sku'],
    ['a type of address', address('type: «Pubic'), 'InvalidRequestContent', 'properties.ipAddress.type'],
    [
      'a protocol',
      ports('[{port: 80, protocol: «HTTP}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0].protocol',
    ],
    [
      'a scope of a label',
      address('type: Public, autoGeneratedDomainNameLabelScope: «Never'),
      'InvalidRequestContent',
      'properties.ipAddress.autoGeneratedDomainNameLabelScope',
    ],
    [
      'a kind of identity',
      group({ root: 'identity: {type: «System}' }),
      'InvalidRequestContent',
      'identity.type',
    ],
    [
      'a scheme of a probe',
      probe('{httpGet: {port: 80, scheme: «tcp}}'),
      'InvalidRequestContent',
      'properties.containers[0].properties.livenessProbe.httpGet.scheme',
    ],
    [
      'a kind of log',
      group({ more: 'diagnostics: {logAnalytics: {workspaceId: a, workspaceKey: b, logType: «All}}' }),
      'InvalidRequestContent',
      'properties.diagnostics.logAnalytics.logType',
    ],
    [
      'a number of ports',
      ports('[«80]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0]',
    ],
    [
      'a port in words',
      ports('[{port: «http}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0].port',
    ],
    [
      'a port with its protocol',
      ports('[{port: «80/tcp}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0].port',
    ],
    [
      'variables as a mapping',
      group({ containers: container('«environmentVariables: {A: b}') }),
      'InvalidRequestContent',
      'properties.containers[0].properties.environmentVariables',
    ],
    [
      'variables as words',
      variables('[«A=b]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.environmentVariables[0]',
    ],
    [
      'a value that is a list',
      variables('[{name: A, «value: [b]}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.environmentVariables[0].value',
    ],
    [
      'a memory with its unit',
      resources('{requests: {cpu: 1, memoryInGB: «1Gi}}'),
      'InvalidRequestContent',
      'properties.containers[0].properties.resources.requests.memoryInGB',
    ],
    [
      'a cpu of a thousandth',
      resources('{requests: {cpu: «500m, memoryInGB: 1}}'),
      'InvalidRequestContent',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
    [
      'a cpu without end',
      resources('{requests: {cpu: «1e400, memoryInGB: 1}}'),
      'InvalidRequestContent',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
    [
      'a negative memory',
      resources('{requests: {cpu: 1, memoryInGB: «-1}}'),
      'value-out-of-range',
      'properties.containers[0].properties.resources.requests.memoryInGB',
    ],
    [
      'a cpu below the smallest step, once',
      resources('{requests: {cpu: «0.005, memoryInGB: 1}}'),
      'value-out-of-range',
      'properties.containers[0].properties.resources.requests.cpu',
    ],
    [
      'a command with nothing in it',
      group({ containers: container('command: [sh, «null]') }),
      'InvalidRequestContent',
      'properties.containers[0].properties.command[1]',
    ],
    [
      'a hyphen with nothing behind it',
      group({ containers: `${container()}«-\n` }),
      'InvalidRequestContent',
      'properties.containers[1]',
    ],
    ['tags as a list', group({ root: '«tags: [a, b]' }), 'InvalidRequestContent', 'tags'],
    ['a tag that is a mapping', group({ root: 'tags: {«a: {b: c}}' }), 'InvalidRequestContent', 'tags.a'],
    [
      'fifty-one tags',
      group({ root: `«tags: {${many(51, (index) => `t${index}: x`)}}` }),
      'too-many',
      'tags',
    ],
    ['zones as text', group({ root: 'zones: «1' }), 'InvalidRequestContent', 'zones'],
    [
      'a subnet as text',
      group({ more: 'subnetIds: [«/subscriptions/x]' }),
      'InvalidRequestContent',
      'properties.subnetIds[0]',
    ],
    [
      'a secret volume as text',
      inVolume('secret: «c2VjcmV0'),
      'InvalidRequestContent',
      'properties.volumes[0].secret',
    ],
    [
      'a secret file without content',
      inVolume('«secret: {key: }'),
      'InvalidRequestContent',
      'properties.volumes[0].secret',
    ],
    [
      'an emptyDir as text',
      inVolume('emptyDir: «yes'),
      'InvalidRequestContent',
      'properties.volumes[0].emptyDir',
    ],
    [
      'a capability that does not exist',
      group({
        more: 'sku: Confidential',
        containers: container('securityContext: {capabilities: {add: [CHOWN, «CAP_SYS_ADMN]}}'),
      }),
      'capability-unknown',
      'properties.containers[0].properties.securityContext.capabilities.add[1]',
    ],
    [
      'a seccomp profile that cannot be read',
      group({
        more: 'sku: Confidential',
        containers: container('securityContext: {seccompProfile: «bm8ganNvbg==}'),
      }),
      'seccomp-profile',
      'properties.containers[0].properties.securityContext.seccompProfile',
    ],
    [
      'a user id below zero',
      group({ more: 'sku: Confidential', containers: container('securityContext: {runAsUser: «-1}') }),
      'value-out-of-range',
      'properties.containers[0].properties.securityContext.runAsUser',
    ],
    [
      'a probe that never comes',
      probe('{exec: {command: [a]}, periodSeconds: «0}'),
      'value-out-of-range',
      'properties.containers[0].properties.livenessProbe.periodSeconds',
    ],
    [
      'a probe of port 0',
      probe('{httpGet: {port: «0}}'),
      'value-out-of-range',
      'properties.containers[0].properties.livenessProbe.httpGet.port',
    ],
    [
      'no GPU at all',
      group({ containers: container('', 'web', gpu.replace('count: 1', 'count: «0')) }),
      'value-out-of-range',
      'properties.containers[0].properties.resources.requests.gpu.count',
    ],
  ],
  'more of what must be there': [
    [
      'a name of a container',
      group({ containers: container().replace('name: web\n  ', '«') }),
      'InvalidRequestContent',
      'properties.containers[0].name',
    ],
    [
      'a port of a port',
      ports('[«{protocol: TCP}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.ports[0].port',
    ],
    [
      'a name of a variable',
      variables('[«{value: x}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.environmentVariables[0].name',
    ],
    [
      'a path of a mount',
      mounts('[«{name: scratch}]'),
      'InvalidRequestContent',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'a share of a share',
      inVolume('«azureFile: {storageAccountName: files, storageAccountKey: b}'),
      'InvalidRequestContent',
      'properties.volumes[0].azureFile.shareName',
    ],
    [
      'a repository of a repository',
      inVolume('«gitRepo: {}'),
      'InvalidRequestContent',
      'properties.volumes[0].gitRepo.repository',
    ],
    [
      'name servers',
      group({ more: `«dnsConfig: {options: ndots:2}\n${subnet}` }),
      'InvalidRequestContent',
      'properties.dnsConfig.nameServers',
    ],
    [
      'a type of an address',
      group({ containers: container('ports: [{port: 80}]'), more: '«ipAddress: {ports: [{port: 80}]}' }),
      'InvalidRequestContent',
      'properties.ipAddress.type',
    ],
    [
      'an id of a subnet',
      group({ more: 'subnetIds: [«{name: x}]' }),
      'InvalidRequestContent',
      'properties.subnetIds[0].id',
    ],
    [
      'a key of a workspace',
      group({ more: 'diagnostics: {«logAnalytics: {workspaceId: a}}' }),
      'InvalidRequestContent',
      'properties.diagnostics.logAnalytics.workspaceKey',
    ],
    [
      'a key of an encryption',
      group({ more: '«encryptionProperties: {vaultBaseUrl: a, keyName: b}' }),
      'InvalidRequestContent',
      'properties.encryptionProperties.keyVersion',
    ],
    [
      'an image of an init container',
      init('- name: a\n  «properties: {}'),
      'InvalidRequestContent',
      'properties.initContainers[0].properties.image',
    ],
  ],
  'more names': [
    [
      'a hyphen at the end of a container name',
      group({ containers: container('', '«web-') }),
      'InvalidContainerName',
      'properties.containers[0].name',
    ],
    [
      'a dot in the name of an init container',
      init('- {name: «a.b, properties: {image: a}}'),
      'InvalidContainerName',
      'properties.initContainers[0].name',
    ],
    [
      'an init container called like a container',
      group({
        more: 'initContainers: [{name: web, properties: {image: a}}]',
        containers: container('', '«web'),
      }),
      'duplicate-container',
      'properties.containers[0].name',
    ],
    [
      'two hyphens in the name of a group',
      group().replace('shop', '«my--shop'),
      'group-name-unusual',
      'name',
      'warning',
    ],
    [
      'an underscore in the name of a group',
      group().replace('shop', '«my_shop'),
      'group-name-unusual',
      'name',
      'warning',
    ],
    [
      'a name of a group that is too long',
      group().replace('shop', `«${'a'.repeat(64)}`),
      'group-name-invalid',
      'name',
    ],
    [
      'a name of a variable that is too long',
      variables(`[{name: «${'A'.repeat(64)}, value: x}]`),
      'InvalidContainerEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0].name',
    ],
    [
      'a hyphen in the name of a variable',
      variables('[{name: «A-B, value: x}]'),
      'InvalidContainerEnvironmentVariable',
      'properties.containers[0].properties.environmentVariables[0].name',
    ],
    [
      'a label that ends in a hyphen',
      address('type: Public, dnsNameLabel: «hello-'),
      'dns-label-invalid',
      'properties.ipAddress.dnsNameLabel',
    ],
    [
      'sixty-one containers',
      group({
        containers: Array.from({ length: 61 }, (_, index) =>
          container('', `c${index}`, 'resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}'),
        ).join(''),
      }).replace('containers:', '«containers:'),
      'too-many-containers',
      'properties.containers',
    ],
    [
      'twenty-one volumes',
      mounts(
        `[${many(21, (index) => `{name: volume-${index}, mountPath: /${index}}`)}]`,
        `[${many(21, (index) => `{name: volume-${index}, emptyDir: {}}`)}]`,
      ).replace('  volumes', '  «volumes'),
      'too-many-volumes',
      'properties.volumes',
    ],
    [
      'two hyphens in the name of a volume',
      mounts('[{name: a--bcd, mountPath: /a}]', '[{name: «a--bcd, emptyDir: {}}]'),
      'volume-name-invalid',
      'properties.volumes[0].name',
    ],
  ],
  'references to Key Vault': [
    [
      'a password that nobody keeps',
      registry('{server: r.io, username: a, passwordReference: «vault}'),
      'reference-unknown',
      'properties.imageRegistryCredentials[0].passwordReference',
    ],
    [
      'a key of a share that nobody keeps',
      inVolume('azureFile: {shareName: a, storageAccountName: files, storageAccountKeyReference: «vault}'),
      'reference-unknown',
      'properties.volumes[0].azureFile.storageAccountKeyReference',
    ],
    [
      'a file that nobody keeps',
      inVolume('secretReference: {key: «vault}'),
      'reference-unknown',
      'properties.volumes[0].secretReference.key',
    ],
  ],
  'more of volumes': [
    [
      'a mount path that climbs',
      mounts('[{name: scratch, mountPath: «/a/../b}]'),
      'mount-path',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'a config map with a path in it',
      group({ containers: container('configMap: {keyValuePairs: {«etc/app.conf: a}}') }),
      'config-map-key',
      'properties.containers[0].properties.configMap.keyValuePairs.etc/app.conf',
    ],
    [
      'a config map of more than 1 MiB',
      group({
        containers: container(`configMap: {«keyValuePairs: {a: &big ${'x'.repeat(600_000)}, b: *big}}`),
      }),
      'config-map-too-large',
      'properties.containers[0].properties.configMap.keyValuePairs',
    ],
    [
      'a volume over a config map',
      group({
        containers: container(
          'configMap: {keyValuePairs: {a: b}}\nvolumeMounts: [{name: files, mountPath: «/mnt/configmap/web}]',
        ),
        more: 'volumes: [{name: files, emptyDir: {}}]',
      }),
      'config-map-covered',
      'properties.containers[0].properties.volumeMounts[0].mountPath',
    ],
    [
      'a storage account with capitals',
      inVolume('azureFile: {shareName: team, storageAccountName: «Files, storageAccountKey: c}'),
      'share-account',
      'properties.volumes[0].azureFile.storageAccountName',
    ],
    [
      'a folder of a share',
      inVolume('azureFile: {shareName: «team/docs, storageAccountName: files, storageAccountKey: c}'),
      'share-name',
      'properties.volumes[0].azureFile.shareName',
    ],
    [
      'an NFS server with its directory',
      inVolume('nfs: {server: «"nas:/exports", path: /exports}'),
      'nfs-server',
      'properties.volumes[0].nfs.server',
    ],
    [
      'an NFS directory that leads elsewhere',
      inVolume('nfs: {server: nas.example.com, path: «/exports/../etc}'),
      'nfs-path',
      'properties.volumes[0].nfs.path',
    ],
    [
      'an NFS option that names another server',
      inVolume('nfs: {server: nas.example.com, path: /exports, options: «"soft,addr=192.0.2.1"}'),
      'nfs-options',
      'properties.volumes[0].nfs.options',
    ],
    [
      'a size in words',
      inVolume('emptyDir: {sizeLimit: «large}'),
      'invalid-value',
      'properties.volumes[0].emptyDir.sizeLimit',
    ],
    [
      'a share with two ways to log in',
      inVolume(
        '«azureFile: {shareName: a, storageAccountName: files, storageAccountKey: c, userManagedIdentityClientId: d}',
      ),
      'share-login',
      'properties.volumes[0].azureFile',
    ],
    [
      'a directory that is absolute',
      inVolume('gitRepo: {repository: "https://h/r", directory: «/x}'),
      'git-directory',
      'properties.volumes[0].gitRepo.directory',
    ],
    [
      'secret files of more than 1 MiB together',
      inVolume(`«secret: {a: &big ${'YWJj'.repeat(120_000)}, b: *big, c: *big}`),
      'secret-too-large',
      'properties.volumes[0].secret',
    ],
    [
      'a mount in an init container without its volume',
      init('- {name: a, properties: {image: a, volumeMounts: [{name: «data, mountPath: /a}]}}'),
      'VolumesNotFound',
      'properties.initContainers[0].properties.volumeMounts[0].name',
    ],
  ],
  'more registries and images': [
    [
      'a server with a path',
      registry('{server: «r.io/team, username: a, password: b}'),
      'InvalidImageRegistryServer',
      'properties.imageRegistryCredentials[0].server',
    ],
    [
      'a server that is a placeholder',
      registry('{server: «<server>, username: a, password: b}'),
      'InvalidImageRegistryServer',
      'properties.imageRegistryCredentials[0].server',
    ],
    [
      'a server with a port',
      registry('{server: «"10.0.0.1:5000", username: a, password: b}'),
      'registry-port',
      'properties.imageRegistryCredentials[0].server',
      'warning',
    ],
    [
      'both user and identity',
      registry(
        '«{server: r.io, username: a, password: b, identity: /id/a}',
        'identity: {type: UserAssigned, userAssignedIdentities: {/id/a: {}}}',
      ),
      'AmbiguousImageResitryCredentialType',
      'properties.imageRegistryCredentials[0]',
    ],
    [
      'no password',
      registry('«{server: r.io, username: a}'),
      'registry-password',
      'properties.imageRegistryCredentials[0].password',
    ],
    [
      'an identity before there were any',
      registry(
        '{server: r.io, identity: «/id/a}',
        "apiVersion: '2021-03-01'\nidentity: {type: UserAssigned, userAssignedIdentities: {/id/a: {}}}",
      ),
      'InvalidImageRegistryCredentialType',
      'properties.imageRegistryCredentials[0].identity',
    ],
    [
      'an image with a blank',
      group({ containers: container('image: «acme / web') }),
      'InaccessibleImage',
      'properties.containers[0].properties.image',
    ],
    [
      'an image that is empty',
      group({ containers: container('image: «""') }),
      'InaccessibleImage',
      'properties.containers[0].properties.image',
    ],
  ],
  'what a resolver takes': [
    ['no name server', dns('«nameServers: []'), 'dns-config-invalid', 'properties.dnsConfig.nameServers'],
    [
      'four name servers',
      dns('«nameServers: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]'),
      'dns-config-invalid',
      'properties.dnsConfig.nameServers',
    ],
    [
      'a name for a name server',
      dns('nameServers: [10.0.0.1, «ns.example.com]'),
      'dns-config-invalid',
      'properties.dnsConfig.nameServers[1]',
    ],
    ...['«"a..b"', '«"-a.example"', '«"a b c d e f g"'].map(
      (domains): Case => [
        `search domains ${domains}`,
        dns(`nameServers: [10.0.0.1], searchDomains: ${domains}`),
        'dns-config-invalid',
        'properties.dnsConfig.searchDomains',
      ],
    ),
    ...['«"ndots:16"', '«"ndots"', '«"rotat"', '«"nameserver=10.0.0.9"', '«"timeout:-1"'].map(
      (options): Case => [
        `the resolver option ${options}`,
        dns(`nameServers: [10.0.0.1], options: ${options}`),
        'dns-config-invalid',
        'properties.dnsConfig.options',
      ],
    ),
  ],
  'more networks': [
    [
      'a label in a network',
      group({
        containers: container('ports: [{port: 80}]'),
        more: `ipAddress: {type: Private, ports: [{port: 80}], dnsNameLabel: «hello}\n${subnet}`,
      }),
      'InvalidIpAddressTypeForNetworkProfile',
      'properties.ipAddress.dnsNameLabel',
    ],
    [
      'a network profile with a public address',
      group({
        containers: container('ports: [{port: 80}]'),
        more: `ipAddress: {type: «Public, ports: [{port: 80}]}\nnetworkProfile: {id: ${arm}/networkProfiles/p}`,
      }),
      'InvalidIpAddressTypeForNetworkProfile',
      'properties.ipAddress.type',
    ],
    [
      'a network profile in a new file',
      group({ root: "apiVersion: '2021-07-01'", more: `«networkProfile: {id: ${arm}/networkProfiles/p}` }),
      'network-profile-retired',
      'properties.networkProfile',
      'warning',
    ],
    [
      'a zone and a subnet',
      group({ root: "«zones: ['1']", more: subnet }),
      'zones-in-subnet',
      'zones',
      'warning',
    ],
    ['two zones', group({ root: "«zones: ['1', '2']" }), 'zones-several', 'zones', 'warning'],
  ],
  'more of what does not go together': [
    [
      'a GPU on Windows',
      group({ os: 'Windows', containers: container('', 'web', gpu.replace('gpu', '«gpu')) }),
      'windows-no-gpu',
      'properties.containers[0].properties.resources.requests.gpu',
    ],
    [
      'a subnet on Windows',
      group({ os: 'Windows', more: `«${subnet}` }),
      'windows-no-subnet',
      'properties.subnetIds',
    ],
    [
      'a GPU in a subnet',
      group({ containers: container('', 'web', gpu), more: `«${subnet}` }),
      'gpu-in-subnet',
      'properties.subnetIds',
    ],
    [
      'a GPU in a zone',
      group({ containers: container('', 'web', gpu), root: '«zones: [1]' }),
      'gpu-in-zone',
      'zones',
    ],
    [
      'a subnet on Spot',
      group({ more: `priority: Spot\n«${subnet}` }),
      'SpotPriorityContainerGroupNotSupportedForInboundConnectivity',
      'properties.subnetIds',
    ],
    [
      'a confidential Spot group',
      group({ more: 'priority: Spot\nsku: «Confidential' }),
      'SpotPriorityContainerGroupNotSupportedInSku',
      'properties.sku',
    ],
    [
      'more than the largest Spot group',
      group({
        containers: container('', 'web', 'resources: {requests: {cpu: 5, memoryInGB: 1}}'),
        more: 'priority: Spot',
      }).replace('containers:', '«containers:'),
      'group-too-large',
      'properties.containers',
    ],
    [
      'a group from a pool with an address',
      group({
        containers: container('ports: [{port: 80}]'),
        more: '«standbyPoolProfile: {id: x}\nipAddress: {type: Public, ports: [{port: 80}]}',
      }),
      'BadRequest',
      'properties.standbyPoolProfile',
    ],
    [
      'a security context without confidence',
      group({ containers: container('«securityContext: {privileged: true}') }),
      'security-context-not-confidential',
      'properties.containers[0].properties.securityContext',
      'warning',
    ],
    [
      'a user-assigned identity that is not named',
      group({ root: 'identity: {type: «UserAssigned}' }),
      'identity-without-ids',
      'identity.type',
      'warning',
    ],
    [
      'what an export adds and ACI refuses',
      group({ more: '«provisioningTimeoutInSeconds: 1800' }),
      'CustomProvisioningTimeoutInSecondsNotSuppported',
      'properties.provisioningTimeoutInSeconds',
      'warning',
    ],
    [
      'an API version turned around',
      group({ root: 'apiVersion: «10-01-2021' }),
      'api-version-unknown',
      'apiVersion',
      'warning',
    ],
  ],
  'more properties that do nothing': [
    [
      'a path of a mount inside a volume',
      inVolume('emptyDir: {}, «mountPath: /a'),
      'misplaced-property',
      'properties.volumes[0].mountPath',
      'warning',
    ],
    [
      'ports of an init container',
      init('- {name: a, properties: {image: a, «ports: [{port: 80}]}}'),
      'misplaced-property',
      'properties.initContainers[0].properties.ports',
      'warning',
    ],
    [
      'resources of an init container',
      init('- {name: a, properties: {image: a, «resources: {}}}'),
      'misplaced-property',
      'properties.initContainers[0].properties.resources',
      'warning',
    ],
    [
      'a restart policy at the top',
      group({ root: '«restartPolicy: Never' }),
      'misplaced-property',
      'restartPolicy',
      'warning',
    ],
    [
      'tags inside properties',
      group({ more: '«tags: {a: b}' }),
      'misplaced-property',
      'properties.tags',
      'warning',
    ],
    [
      'a size of an emptyDir',
      inVolume('emptyDir: {«sizes: 1Gi}'),
      'unknown-property',
      'properties.volumes[0].emptyDir.sizes',
      'warning',
    ],
    [
      'a probe of TCP',
      probe('{exec: {command: [a]}, «tcpSocket: {port: 80}}'),
      'unknown-property',
      'properties.containers[0].properties.livenessProbe.tcpSocket',
      'warning',
    ],
    [
      'args',
      group({ containers: container('«args: [a]') }),
      'unknown-property',
      'properties.containers[0].properties.args',
      'warning',
    ],
    [
      'a time to live',
      group({ more: '«timeToLive: PT1H' }),
      'unknown-property',
      'properties.timeToLive',
      'warning',
    ],
    [
      'blanks in a key',
      group({
        containers: container('ports: [{port: 80}]'),
        more: 'ipAddress: {type: Public, ports: [{port: 80}], «esdrf    dnsNameLabel: x}',
      }),
      'unknown-property',
      'properties.ipAddress.esdrf    dnsNameLabel',
      'warning',
    ],
    [
      'a name that every object has',
      group({ more: '«constructor: x' }),
      'unknown-property',
      'properties.constructor',
      'warning',
    ],
  ],
};

for (const [topic, cases] of Object.entries({ ...CASES, ...MORE_CASES })) {
  describe(topic, () => {
    test.each(cases)('%s', (_title, text, code, path, severity = undefined) => {
      const { text: unmarked, line, column } = marked(text);
      const { problems, group: understood } = readGroup(unmarked, { file: 'shop.yaml' });
      const own = !/^[A-Z]/.test(code);
      expect(problems).toMatchObject([
        { code, own, file: 'shop.yaml', path, severity: severity ?? 'error', line, column },
      ]);
      expect(problems[0]?.message).toMatch(/[.]$/);
      expect(problems[0]?.advice).not.toBe('');
      expect(understood === undefined).toBe(severity === undefined);
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

test('what is missing is looked for among the names that nobody knows', () => {
  const told = (text: string) =>
    readGroup(text).problems.map(({ severity, advice }) => [severity, advice].join(': '));
  expect(told(group({ containers: container().replace('image:', 'imgae:') }))).toEqual([
    'error: Rename imgae to image.',
    'warning: Did you mean image?',
  ]);
  expect(told(group().replace('properties:', 'propertis:'))).toEqual([
    'error: Rename propertis to properties.',
    'warning: Did you mean properties?',
  ]);
  expect(told(group({ containers: container('ports: [{ports: 80}]') }))).toEqual([
    'error: Rename ports to port.',
    'warning: Did you mean port?',
  ]);
});

test('rules are asked even where a value is out of its range', () => {
  const text = group({
    containers: container('volumeMounts: [{name: data, mountPath: /a}]', 'Web'),
    more: 'ipAddress: {type: Private, ports: []}',
  });
  expect(readGroup(text).problems.map(({ code }) => code)).toEqual([
    'PrivateIPAddressNotSupported',
    'MissingIpAddressPorts',
    'InvalidContainerName',
    'VolumesNotFound',
  ]);
});

test.each([
  [
    'an API version turned around',
    group({ root: 'apiVersion: 10-01-2021' }),
    "Write one of ACI’s, such as '2021-10-01'.",
  ],
  [
    'ports of an init container',
    group({ more: 'initContainers: [{name: a, properties: {image: a, ports: []}}]' }),
    'It belongs to properties.containers[].properties.ports.',
  ],
  [
    'a group without properties',
    'name: a\nosType: Linux\nrestartPolicy: Never\n',
    'Put osType, restartPolicy under properties:, two blanks deeper.',
  ],
  ['a label with capitals', address('type: Public, dnsNameLabel: My_Shop'), 'Write my-shop.'],
  [
    'an address of a page for a domain',
    address('type: Public, dnsNameLabel: hello, customDomains: ["https://Shop.Example.com/a"]'),
    'Write shop.example.com.',
  ],
  [
    'a server with a scheme',
    registry('{server: "https://r.io/team", username: a, password: b}'),
    'Write r.io.',
  ],
  ['a port as a number', ports('[80]'), 'Write its parts as name: value, such as port: 80.'],
  ['noise', '\u0001', 'Save it as UTF-8 text.'],
  ['a tab', 'a:\n\tb: c\n', 'Indent with blanks.'],
])('the advice on %s can be followed', (_mistake, text, advice) => {
  expect(readGroup(text).problems.map((problem) => problem.advice)).toEqual([advice]);
});
