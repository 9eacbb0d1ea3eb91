import { describe, expect, test } from '@jest/globals';
import { DOCKER_GAPS, dockerGaps } from '../../src/engines/docker/gaps.ts';
import { readGroup } from '../../src/spec/index.ts';
import { container, group, marked } from './marked.ts';

const gpu = (where: string) =>
  group({
    containers: container('', 'web', `resources: {requests: {cpu: 1, memoryInGB: 1}, ${where}}`),
  });
const inContainer = (text: string) => group({ containers: container(text) });
const onWindows = (text: string) => group({ os: 'windows', containers: container(text) });
const inFirst = (text: string) =>
  group({ more: `initContainers:\n- name: first\n  properties:\n    image: a\n    ${text}` });
const mounted = (source: string, more = '') =>
  group({
    containers: container('volumeMounts: [{name: share, mountPath: /a}]'),
    more: `volumes: [{name: share, ${source}}]\n${more}`,
  });
const identity = (type: string) =>
  group({ root: `identity: {«type: "${type}", userAssignedIdentities: {/a: {}}}` });

/** A document for each gap, by its path and value; « stands where it should be told. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'properties.containers[*].properties.securityContext': onWindows('«securityContext: {runAsUser: 1}'),
  'properties.containers[*].properties.environmentVariables[*].secureValue': onWindows(
    'environmentVariables: [{name: A, «secureValue: b}]',
  ),
  'properties.containers[*].properties.environmentVariables[*].secureValueReference': onWindows(
    'environmentVariables: [{name: A, «secureValueReference: "katabot:b"}]',
  ),
  'properties.containers[*].properties.configMap': onWindows('«configMap: {keyValuePairs: {a: b}}'),
  'properties.containers[*].properties.livenessProbe.httpGet': onWindows(
    'livenessProbe: {«httpGet: {port: 80}}',
  ),
  'properties.containers[*].properties.readinessProbe.httpGet': onWindows(
    'readinessProbe: {«httpGet: {port: 80}}',
  ),
  'properties.containers[*].properties.resources.requests.gpu': gpu('x: y').replace(
    'memoryInGB: 1}, x: y',
    'memoryInGB: 1, «gpu: {count: 1, sku: V100}}',
  ),
  'properties.containers[*].properties.resources.limits.gpu': gpu('limits: {«gpu: {count: 1, sku: V100}}'),
  'properties.containers[*].properties.securityContext.privileged true': inContainer(
    'securityContext: {«privileged: TRUE}',
  ),
  'properties.initContainers[*].properties.securityContext.privileged true': inFirst(
    'securityContext: {«privileged: true}',
  ),
  'properties.containers[*].properties.securityContext.capabilities.add[*]': inContainer(
    'securityContext: {capabilities: {add: [«sys_admin]}}',
  ),
  'properties.initContainers[*].properties.securityContext.capabilities.add[*]': inFirst(
    'securityContext: {capabilities: {add: [«ALL]}}',
  ),
  'properties.containers[*].properties.securityContext.seccompProfile': inContainer(
    'securityContext: {«seccompProfile: e30=}',
  ),
  'properties.initContainers[*].properties.securityContext.seccompProfile': inFirst(
    'securityContext: {«seccompProfile: e30=}',
  ),
  'properties.volumes[*].azureFile.userAssignedIdentityClientId': mounted(
    'azureFile: {shareName: team, storageAccountName: files, «userAssignedIdentityClientId: c}',
  ),
  'properties.volumes[*].nfs.server': mounted('nfs: {«server: nas.example.com, path: /exports/team}'),
  'properties.sku Confidential': group({ more: '«sku: confidential' }),
  'properties.confidentialComputeProperties': group({
    more: '«confidentialComputeProperties: {ccePolicy: YQ==}',
  }),
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

const titled = DOCKER_GAPS.map((gap) => [`${gap.path}${gap.equals ? ` ${gap.equals}` : ''}`, gap] as const);

/** ACI takes security contexts in confidential groups alone, which is told besides. */
const besides = (title: string) =>
  title.includes('securityContext.') ? ['security-context-not-confidential'] : [];

describe('what the Docker engine cannot do yet', () => {
  test.each(titled)('%s is told at its line, once', (title, { path, severity, advice }) => {
    const { text, line, column } = marked(DOCUMENTS[title] ?? '');
    const { problems, group: understood } = readGroup(text, { gaps: DOCKER_GAPS });
    const told = problems.filter(({ code }) => code === 'not-supported-here');
    expect(told).toMatchObject([
      { severity, own: true, path: path.replaceAll('[*]', '[0]'), line, column, advice },
    ]);
    expect(problems.filter((each) => !told.includes(each)).map(({ code }) => code)).toEqual(besides(title));
    expect(understood === undefined).toBe(problems.some((each) => each.severity === 'error'));
  });

  test('is less in a group of Linux than in one of Windows', () => {
    const probe = container('livenessProbe: {httpGet: {port: 80}}');
    const told = (os: string) =>
      readGroup(group({ os, containers: probe }), { gaps: DOCKER_GAPS }).problems.map(({ code }) => code);
    expect([told('Linux'), told('Windows')]).toEqual([[], ['not-supported-here']]);
  });

  test('is nothing for an ordinary group, nor for what is written and empty', () => {
    const text = group({
      root: 'identity: {type: none}\nzones: []\ntags: null',
      more: 'priority: regular\nsku: Standard\nextensions: []\nsubnetIds:\nsecretReferences: ~\nipAddress: {type: public, ports: [{port: 80}]}\ndiagnostics: {}',
      containers: container('ports: [{port: 80}]\nlivenessProbe: null\nconfigMap: {}'),
    });
    expect(readGroup(text, { gaps: DOCKER_GAPS }).problems).toEqual([]);
  });

  test('is no right that every container has, nor one that is taken away', () => {
    const rights =
      'securityContext: {privileged: false, allowPrivilegeEscalation: false, runAsUser: 1, runAsGroup: 2, ' +
      'capabilities: {add: [CAP_NET_BIND_SERVICE, chown], drop: [ALL]}}';
    const { problems } = readGroup(inContainer(rights), { gaps: DOCKER_GAPS });
    expect(problems.map(({ code }) => code)).toEqual(['security-context-not-confidential']);
  });

  test('is less where a location allows more, and where groups have a kernel of their own', () => {
    const told = (more: Parameters<typeof dockerGaps>[0]) =>
      ['privileged: true', 'capabilities: {add: [SYS_ADMIN]}', 'seccompProfile: e30='].flatMap((right) =>
        readGroup(inContainer(`securityContext: {${right}}`), { gaps: dockerGaps(more) })
          .problems.filter(({ code }) => code === 'not-supported-here')
          .map(() => right.split(':')[0]),
      );
    expect(told({ isolation: 'none' })).toEqual(['privileged', 'capabilities', 'seccompProfile']);
    expect(told({ isolation: 'none', mayWiden: true })).toEqual(['privileged']);
    expect(told({ isolation: 'sandbox' })).toEqual([]);
    expect(told({ isolation: 'hypervisor' })).toEqual([]);
  });

  test('is less where logs are shipped, and where processors keep the memory of groups', () => {
    const told = (more: string, settings: Parameters<typeof dockerGaps>[0]) =>
      readGroup(group({ more }), { gaps: dockerGaps(settings) }).problems.map(({ code }) => code);
    const confidential = 'sku: Confidential';
    expect(told(confidential, { isolation: 'hypervisor' })).toEqual(['not-supported-here']);
    expect(told(confidential, { isolation: 'hypervisor', tee: 'tdx' })).toEqual([]);
    const logs = 'diagnostics: {logAnalytics: {workspaceId: a, workspaceKey: b}}';
    expect(told(logs, { isolation: 'none' })).toEqual(['not-supported-here']);
    expect(told(logs, { isolation: 'none', shipsLogs: true })).toEqual([]);
  });

  test('is told for each container that asks for it', () => {
    const rights = 'securityContext: {privileged: true}';
    const { problems } = readGroup(group({ containers: container(rights) + container(rights, 'side') }), {
      gaps: DOCKER_GAPS,
    });
    const told = problems.filter(({ code }) => code === 'not-supported-here');
    expect(told.map(({ path }) => path)).toEqual([
      'properties.containers[0].properties.securityContext.privileged',
      'properties.containers[1].properties.securityContext.privileged',
    ]);
  });

  test('is told in any spelling of a value and of a name', () => {
    const spelled = (text: string) =>
      readGroup(text, { gaps: DOCKER_GAPS }).problems.filter(({ code }) => code === 'not-supported-here');
    expect(spelled(identity('systemassigned,userassigned').replace('«', ''))).toHaveLength(1);
    expect(
      spelled(group({ more: 'EXTENSIONS: [{NAME: a, properties: {extensionType: b, version: c}}]' })),
    ).toMatchObject([{ path: 'properties.extensions' }]);
  });
});
