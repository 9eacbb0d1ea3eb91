import { describe, expect, test } from '@jest/globals';
import { DOCKER_GAPS } from '../../src/engines/docker/gaps.ts';
import { readGroup } from '../../src/spec/index.ts';
import { container, group, marked } from './marked.ts';

const gpu = (where: string) =>
  group({
    containers: container('', 'web', `resources: {requests: {cpu: 1, memoryInGB: 1}, ${where}}`),
  });
const inContainer = (text: string) => group({ containers: container(text) });
const mounted = (source: string, more = '') =>
  group({
    containers: container('volumeMounts: [{name: share, mountPath: /a}]'),
    more: `volumes: [{name: share, ${source}}]\n${more}`,
  });
const published = (type: string) =>
  group({
    containers: container('ports: [{port: 80}]'),
    more: `ipAddress: {«type: ${type}, ports: [{port: 80}]}\nsubnetIds: []`,
  });
const identity = (type: string) =>
  group({ root: `identity: {«type: "${type}", userAssignedIdentities: {/a: {}}}` });

/** A document for each gap, by its path and value; « stands where it should be told. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'properties.osType Windows': group({ os: '' }).replace(
    'properties:\n',
    'properties:\n  «osType: Windows\n',
  ),
  'properties.containers[*].properties.resources.requests.gpu': gpu('x: y').replace(
    'memoryInGB: 1}, x: y',
    'memoryInGB: 1, «gpu: {count: 1, sku: V100}}',
  ),
  'properties.containers[*].properties.resources.limits.gpu': gpu('limits: {«gpu: {count: 1, sku: V100}}'),
  'properties.containers[*].properties.securityContext': inContainer('«securityContext: {privileged: true}'),
  'properties.initContainers[*].properties.securityContext': group({
    more: 'initContainers:\n- name: first\n  properties:\n    image: a\n    «securityContext: {runAsUser: 1}',
  }),
  'properties.containers[*].properties.configMap': inContainer('«configMap: {keyValuePairs: {a: b}}'),
  'properties.volumes[*].azureFile': mounted(
    '«azureFile: {shareName: a, storageAccountName: b, storageAccountKey: c}',
  ),
  'properties.ipAddress.type Private': published('private'),
  'properties.subnetIds': group({ more: '«subnetIds: [{id: a}]' }),
  'properties.networkProfile': group({ more: '«networkProfile: {id: /networkProfiles/a}' }),
  'properties.dnsConfig': group({ more: '«dnsConfig: {nameServers: [1.1.1.1]}' }),
  'properties.sku Confidential': group({ more: '«sku: confidential' }),
  'properties.confidentialComputeProperties': group({
    more: '«confidentialComputeProperties: {ccePolicy: YQ==}',
  }),
  'properties.priority Spot': group({ more: '«priority: spot' }),
  'identity.type SystemAssigned': identity('systemAssigned'),
  'identity.type UserAssigned': identity('UserAssigned'),
  'identity.type SystemAssigned, UserAssigned': identity('SystemAssigned, UserAssigned'),
  'properties.identityAcls': group({ more: '«identityAcls: {defaultAccess: All}' }),
  'properties.diagnostics': group({
    more: '«diagnostics: {logAnalytics: {workspaceId: a, workspaceKey: b}}',
  }),
  'properties.extensions': group({
    more: '«extensions: [{name: a, properties: {extensionType: b, version: c}}]',
  }),
  'properties.containerGroupProfile': group({ more: '«containerGroupProfile: {id: a}' }),
  'properties.standbyPoolProfile': group({ more: '«standbyPoolProfile: {id: a}' }),
  'properties.encryptionProperties': group({
    more: '«encryptionProperties: {vaultBaseUrl: a, keyName: b, keyVersion: c}',
  }),
  zones: group({ root: '«zones: [1, 2]' }),
};

/** Rules of ACI that the document breaks besides. */
const BESIDES: Readonly<Record<string, readonly string[]>> = {
  'properties.ipAddress.type Private': ['PrivateIPAddressNotSupported'],
  'properties.dnsConfig': ['dns-config-without-subnet'],
};

const titled = DOCKER_GAPS.map((gap) => [`${gap.path}${gap.equals ? ` ${gap.equals}` : ''}`, gap] as const);

describe('what the Docker engine cannot do yet', () => {
  test.each(titled)('%s is told at its line, once', (title, { path, severity, advice }) => {
    const { text, line, column } = marked(DOCUMENTS[title] ?? '');
    const { problems, group: understood } = readGroup(text, { gaps: DOCKER_GAPS });
    const told = problems.filter(({ code }) => code === 'not-supported-here');
    expect(told).toMatchObject([
      { severity, own: true, path: path.replaceAll('[*]', '[0]'), line, column, advice },
    ]);
    expect(problems.filter((each) => !told.includes(each)).map(({ code }) => code)).toEqual(
      BESIDES[title] ?? [],
    );
    expect(understood === undefined).toBe(problems.some((each) => each.severity === 'error'));
  });

  test('is nothing for an ordinary group, nor for what is written and empty', () => {
    const text = group({
      root: 'identity: {type: none}\nzones: []\ntags: null',
      more: 'priority: regular\nsku: Standard\nextensions: []\nsubnetIds:\nsecretReferences: ~\nipAddress: {type: public, ports: [{port: 80}]}\ndiagnostics: {}',
      containers: container('ports: [{port: 80}]\nlivenessProbe: null\nconfigMap: {}'),
    });
    expect(readGroup(text, { gaps: DOCKER_GAPS }).problems).toEqual([]);
  });

  test('is told for each container that asks for it', () => {
    const maps = 'configMap: {keyValuePairs: {a: b}}';
    const { problems } = readGroup(group({ containers: container(maps) + container(maps, 'side') }), {
      gaps: DOCKER_GAPS,
    });
    expect(problems.map(({ path }) => path)).toEqual([
      'properties.containers[0].properties.configMap',
      'properties.containers[1].properties.configMap',
    ]);
  });

  test('is told in any spelling of a value and of a name', () => {
    const spelled = (text: string) =>
      readGroup(text, { gaps: DOCKER_GAPS }).problems.filter(({ code }) => code === 'not-supported-here');
    expect(spelled(identity('systemassigned,userassigned').replace('«', ''))).toHaveLength(1);
    expect(spelled(group({ more: 'SUBNETIDS: [{ID: a}]' }))).toMatchObject([
      { path: 'properties.subnetIds' },
    ]);
  });
});
