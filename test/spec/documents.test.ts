import { describe, expect, test } from '@jest/globals';
import { type Group, readGroup } from '../../src/spec/index.ts';

// The shapes in which ACI's users write their files, in our own words: names as samples spell them, old and new API versions.

const IDENTITY =
  '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i';
const SUBNET = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s';
const PROFILE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkProfiles/p';

interface Sample {
  readonly text: string;
  /** Codes of the warnings that it gets; no error in any case. */
  readonly warnings?: readonly string[];
  readonly check: (group: Group) => void;
}

const SAMPLES: Readonly<Record<string, Sample>> = {
  'several containers with one address': {
    text: `apiVersion: 2019-12-01
location: eastus
name: myContainerGroup
properties:
  containers:
  - name: front
    properties:
      image: registry.example.com/front:latest
      resources:
        requests:
          cpu: 1
          memoryInGb: 1.5
      ports:
      - port: 80
      - port: 8080
  - name: tutorial-sidecar
    properties:
      image: registry.example.com/sidecar
      resources:
        requests:
          cpu: 1
          memoryInGb: 1.5
  osType: Linux
  ipAddress:
    type: Public
    ports:
    - protocol: tcp
      port: 80
    - protocol: tcp
      port: 8080
tags: {exampleTag: tutorial}
type: Microsoft.ContainerInstance/containerGroups
`,
    warnings: ['group-name-unusual'],
    check: (group) => {
      expect(group.containers.map(({ resources }) => resources.requests.memoryInGB)).toEqual([1.5, 1.5]);
      expect(group.ipAddress?.ports).toEqual([
        { port: 80, protocol: 'TCP' },
        { port: 8080, protocol: 'TCP' },
      ]);
    },
  },
  'a share of Azure Files': {
    text: `apiVersion: '2019-12-01'
location: eastus
name: file-share-demo
properties:
  containers:
  - name: hellofiles
    properties:
      environmentVariables: []
      image: registry.example.com/hellofiles
      ports:
      - port: 80
      resources:
        requests:
          cpu: 1.0
          memoryInGB: 1.5
      volumeMounts:
      - mountPath: /aci/logs/
        name: filesharevolume
  osType: Linux
  restartPolicy: Always
  ipAddress:
    type: Public
    ports:
      - port: 80
    dnsNameLabel: aci-demo
  volumes:
  - name: filesharevolume
    azureFile:
      sharename: acishare
      storageAccountName: account
      storageAccountKey: c2VjcmV0LWtleQ==
tags: {}
type: Microsoft.ContainerInstance/containerGroups
`,
    check: (group) => {
      expect(group.volumes[0]?.azureFile).toMatchObject({ shareName: 'acishare', readOnly: false });
      expect(group.volumes[0]?.azureFile?.storageAccountKey?.reveal()).toBe('c2VjcmV0LWtleQ==');
    },
  },
  'secrets as files and as variables': {
    text: `apiVersion: '2019-12-01'
location: eastus
name: secrets
properties:
  containers:
  - name: task
    properties:
      environmentVariables:
        - name: PLAIN
          value: 'seen by all'
        - name: SECRET
          secureValue: 'seen by none'
      image: nginx
      ports: []
      resources:
        requests: {cpu: '1.0', memoryInGB: '1.5'}
      volumeMounts:
      - {mountPath: /mnt/secrets, name: secretvolume1}
  osType: Linux
  restartPolicy: never
  volumes:
  - name: secretvolume1
    secret:
      mysecret1: TXkgZmlyc3Qgc2VjcmV0
      mysecret2: >-
        TXkgc2Vjb25k
        IHNlY3JldA==
`,
    check: (group) => {
      expect(group.restartPolicy).toBe('Never');
      expect(group.containers[0]?.environmentVariables[1]?.secureValue?.reveal()).toBe('seen by none');
      expect(Object.keys(group.volumes[0]?.secret ?? {})).toEqual(['mysecret1', 'mysecret2']);
    },
  },
  'GPUs in two containers': {
    text: `additional_properties: {}
apiVersion: '2021-09-01'
name: gpus
properties:
  containers:
  - name: train
    properties:
      image: registry.example.com/train:gpu
      resources:
        requests: {cpu: 4.0, memoryInGB: 12, gpu: {count: 1, sku: V100}}
        limits: {gpu: {count: 1, sku: V100}}
  - name: watch
    properties:
      image: registry.example.com/watch
      resources:
        requests: {cpu: 1.0, memoryInGB: 1.5, gpu: {count: '2', sku: K80}}
  osType: Linux
  restartPolicy: OnFailure
`,
    check: (group) =>
      expect(group.containers.map(({ resources }) => resources.requests.gpu)).toEqual([
        { count: 1, sku: 'V100' },
        { count: 2, sku: 'K80' },
      ]),
  },
  'init containers': {
    text: `name: wait-first
apiVersion: '2019-12-01'
location: West Europe
properties:
  osType: linux
  initContainers:
  - name: wait
    properties:
      image: busybox
      command: [sh, -c, 'until nslookup db; do sleep 2; done']
      environmentVariables: [{name: WAIT, value: 30}]
      volumeMounts: [{name: scratch, mountPath: /work}]
      instanceView: {restartCount: 0}
  containers:
  - name: web
    properties:
      image: nginx
      resources: {requests: {cpu: .4, memoryInGB: .5}}
      volumeMounts: [{name: scratch, mountPath: /work, readOnly: true}]
  volumes: [{name: scratch, emptyDir: {}}]
`,
    check: (group) => {
      expect(group.initContainers[0]?.command?.[2]).toBe('until nslookup db; do sleep 2; done');
      expect(group.initContainers[0]?.environmentVariables).toEqual([{ name: 'WAIT', value: '30' }]);
      expect(group.containers[0]?.resources.requests).toEqual({ cpu: 0.4, memoryInGB: 0.5 });
    },
  },
  'probes of both kinds': {
    text: `name: probes
properties:
  osType: Linux
  containers:
  - name: web
    properties:
      image: nginx
      command: ["/bin/sh", "-c", "touch /tmp/ready; sleep 30; rm -rf /tmp/ready; sleep 600"]
      resources: {requests: {cpu: 1, memoryInGB: 1.5}}
      livenessProbe:
        httpGet: {path: /healthz, port: 8080, scheme: HTTP, httpHeaders: {name: X-Probe, value: alive}}
        failureThreshold: 3
      readinessProbe:
        exec: {command: [cat, /tmp/ready]}
        periodSeconds: '5'
`,
    check: (group) => {
      expect(group.containers[0]?.livenessProbe?.httpGet).toEqual({
        path: '/healthz',
        port: 8080,
        scheme: 'http',
        httpHeaders: [{ name: 'X-Probe', value: 'alive' }],
      });
      expect(group.containers[0]?.readinessProbe?.periodSeconds).toBe(5);
    },
  },
  'a virtual network': {
    text: `apiVersion: '2021-07-01'
name: inside
properties:
  osType: Linux
  sku: Standard
  subnetIds: [{id: ${SUBNET}, name: default}]
  dnsConfig: {nameServers: [10.0.0.10, 10.0.0.11], searchDomains: contoso.com, options: ndots:2}
  ipAddress: {type: private, ip: 10.0.0.4, ports: [{port: '80'}]}
  containers:
  - name: web
    properties: {image: nginx, ports: [{port: 80}], resources: {requests: {cpu: 1, memoryInGB: 1}}}
`,
    check: (group) => {
      expect(group.ipAddress?.type).toBe('Private');
      expect(group.dnsConfig?.nameServers).toEqual(['10.0.0.10', '10.0.0.11']);
    },
  },
  'a network profile in an old file': {
    text: `apiVersion: 2018-10-01
name: profile
properties:
  osType: Linux
  networkProfile: {id: ${PROFILE}}
  ipAddress: {type: Private, ports: [{protocol: TCP, port: 80}]}
  containers:
  - name: web
    properties: {image: nginx, ports: [{port: 80}], resources: {requests: {cpu: 1, memoryInGB: 1}}}
`,
    check: (group) => expect(group.networkProfile).toEqual({ id: PROFILE }),
  },
  'a Spot job': {
    text: `apiVersion: '2022-10-01-preview'
name: cheap
properties:
  osType: Linux
  priority: spot
  restartPolicy: onfailure
  containers:
  - name: job
    properties: {image: busybox, command: [date], resources: {requests: {cpu: 4, memoryInGB: 16}}}
`,
    check: (group) => expect(group).toMatchObject({ priority: 'Spot', restartPolicy: 'OnFailure' }),
  },
  'a confidential group': {
    text: `apiVersion: '2023-05-01'
name: trusted
properties:
  osType: Linux
  sku: confidential
  confidentialComputeProperties: {ccePolicy: cGFja2FnZSBwb2xpY3k=}
  containers:
  - name: enclave
    properties:
      image: registry.example.com/enclave
      resources: {requests: {cpu: 1, memoryInGB: 1.5}}
      securityContext:
        privileged: true
        allowPrivilegeEscalation: false
        capabilities: {add: [CAP_NET_ADMIN], drop: [ALL]}
        runAsUser: 1000
        runAsGroup: '1000'
        seccompProfile: e30=
`,
    check: (group) =>
      expect(group.containers[0]?.securityContext).toMatchObject({ privileged: true, runAsGroup: 1000 }),
  },
  Windows: {
    text: `apiVersion: '2021-10-01'
name: iis
properties:
  osType: windows
  ipAddress: {type: Public, dnsNameLabel: iis-demo, dnsNameLabelReusePolicy: noReuse, ports: [{port: 80, protocol: Tcp}]}
  containers:
  - name: iis
    properties:
      image: mcr.microsoft.com/windows/servercore/iis:nanoserver
      ports: [{port: 80}]
      resources: {requests: {cpu: 2, memoryInGB: 3.5}}
`,
    check: (group) =>
      expect(group.ipAddress).toMatchObject({
        autoGeneratedDomainNameLabelScope: 'Noreuse',
        dnsNameLabel: 'iis-demo',
      }),
  },
  'what az container export writes': {
    text: `additional_properties: {}
apiVersion: '2024-05-01-preview'
extended_location: null
identity:
  additional_properties: {}
  principal_id: null
  tenantId: null
  type: UserAssigned
  user_assigned_identities:
    ${IDENTITY}:
      additional_properties: {}
      clientId: 00000000-0000-0000-0000-000000000001
      principalId: 00000000-0000-0000-0000-000000000002
location: westus
name: exported
properties:
  containers:
  - name: web
    properties:
      configMap: {keyValuePairs: {}}
      environmentVariables: []
      image: registry.example.com/web
      instanceView: {restartCount: 1, currentState: {state: Running, startTime: 2024-05-01T10:00:00Z, detailStatus: ''}}
      ports: [{port: 80, protocol: TCP}]
      resources: {requests: {cpu: 1.0, memoryInGB: 1.5}}
  imageRegistryCredentials:
  - {server: registry.example.com, identity: ${IDENTITY}, isDelegatedIdentity: false}
  initContainers: []
  instanceView: {events: [], state: Running}
  ipAddress: {fqdn: x.westus.azurecontainer.io, ip: 1.2.3.4, ports: [{port: 80, protocol: TCP}], type: Public}
  isCreatedFromStandbyPool: false
  isCustomProvisioningTimeout: false
  osType: Linux
  provisioningState: Succeeded
  provisioningTimeoutInSeconds: 1800
  restartPolicy: Always
  sku: Standard
tags: null
type: Microsoft.ContainerInstance/containerGroups
`,
    warnings: ['CustomProvisioningTimeoutInSecondsNotSuppported'],
    check: (group) => {
      expect(group.identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: [IDENTITY] });
      expect(group.tags).toEqual({});
    },
  },
  'an answer of the REST API, as JSON': {
    text: JSON.stringify(
      {
        id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerInstance/containerGroups/json',
        identity: {
          type: 'SystemAssigned, UserAssigned',
          principalId: 'p',
          tenantId: 't',
          userAssignedIdentities: { [IDENTITY]: {} },
        },
        kind: null,
        location: 'westus',
        name: 'json',
        plan: null,
        systemData: { createdBy: 'x' },
        properties: {
          sku: 'Standard',
          provisioningState: 'Succeeded',
          instanceView: { events: [], state: 'Running' },
          osType: 'Linux',
          diagnostics: {
            logAnalytics: {
              workspaceId: 'w',
              workspaceKey: 'k',
              logType: 'ContainerInsights',
              metadata: { a: 'b' },
            },
          },
          encryptionProperties: {
            vaultBaseUrl: 'https://v',
            keyName: 'k',
            keyVersion: '1',
            identity: IDENTITY,
          },
          containers: [
            {
              name: 'web',
              properties: { image: 'nginx', resources: { requests: { memoryInGB: 1, cpu: 1, gpu: null } } },
            },
          ],
        },
        tags: { team: 'shop' },
        zones: ['1'],
      },
      null,
      2,
    ),
    check: (group) =>
      expect(group).toMatchObject({ zones: ['1'], identity: { type: 'SystemAssigned, UserAssigned' } }),
  },
  'extensions of a virtual node': {
    text: `name: node
properties:
  osType: Linux
  extensions:
  - name: kube-proxy
    properties:
      extensionType: kube-proxy
      version: '1.0'
      settings: {clusterCidr: 10.240.0.0/16, kubeVersion: v1.23}
      protectedSettings: {kubeConfig: not-a-real-one}
  containers:
  - name: pod
    properties: {image: nginx, resources: {requests: {cpu: 1, memoryInGB: 1}}}
`,
    check: (group) => {
      expect(group.extensions).toEqual([{ name: 'kube-proxy', extensionType: 'kube-proxy', version: '1.0' }]);
      expect(JSON.stringify(group)).not.toContain('not-a-real-one');
    },
  },
  'secrets of a Key Vault': {
    text: `apiVersion: '2025-09-01'
name: vaulted
identity: {type: UserAssigned, userAssignedIdentities: {${IDENTITY}: {}}}
properties:
  osType: Linux
  secretReferences: [{name: key, identity: ${IDENTITY}, secretReferenceUri: https://v.vault.azure.net/secrets/s}]
  identityAcls: {defaultAccess: system, acls: [{identity: ${IDENTITY}, access: all}]}
  imageRegistryCredentials: [{server: r.example.com, username: u, passwordReference: key}]
  volumes:
  - {name: files, secret: {own: YWJj}, secretReference: {other: key}}
  - {name: share, azureFile: {shareName: a, storageAccountName: files, storageAccountKeyReference: key}}
  - {name: mount, azureFile: {shareName: a, storageAccountName: files, userManagedIdentityClientId: id, readOnly: true}}
  containers:
  - name: web
    properties:
      image: r.example.com/web
      environmentVariables: [{name: KEY, secureValueReference: key}]
      volumeMounts: [{name: files, mountPath: /f}, {name: share, mountPath: /s}, {name: mount, mountPath: /m}]
      resources: {requests: {cpu: 1, memoryInGB: 1}}
`,
    check: (group) => {
      expect(group.identityAcls).toMatchObject({ defaultAccess: 'System', acls: [{ access: 'All' }] });
      expect(group.volumes[2]?.azureFile).toMatchObject({
        userAssignedIdentityClientId: 'id',
        readOnly: true,
      });
    },
  },
  'a git repository': {
    text: `name: cloned
properties:
  osType: Linux
  volumes: [{name: source, gitRepo: {repository: 'https://user:token@git.example.com/r.git', directory: ., revision: 0a1b2c3}}]
  containers:
  - name: web
    properties:
      image: nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      volumeMounts: [{name: source, mountPath: /src}]
      resources: {requests: {cpu: 0.01, memoryInGB: 0.1}, limits: {cpu: 0.01}}
`,
    check: (group) =>
      expect(group.volumes[0]?.gitRepo).toMatchObject({ directory: '.', revision: '0a1b2c3' }),
  },
  'a standby pool and a config map': {
    text: `apiVersion: 2024-05-01-preview
name: warm
properties:
  osType: Linux
  containerGroupProfile: {id: /subscriptions/s/p, revision: '2'}
  standbyPoolProfile: {id: /subscriptions/s/q, failContainerGroupCreateOnReuseFailure: true}
  containers:
  - name: web
    properties:
      image: nginx
      configMap: {keyValuePairs: {mode: fast, level: 3}}
      resources: {requests: {cpu: 1, memoryInGB: 1}}
`,
    check: (group) => {
      expect(group.containers[0]?.configMap?.keyValuePairs).toEqual({ mode: 'fast', level: '3' });
      expect(group.containerGroupProfile?.revision).toBe(2);
    },
  },
};

describe('a document as ACI’s users write it', () => {
  test.each(Object.entries(SAMPLES))('%s', (_shape, { text, warnings = [], check }) => {
    const { problems, group } = readGroup(text);
    expect(problems.map(({ code }) => code)).toEqual(warnings);
    if (!group) throw new Error('no group');
    check(group);
  });

  test.each(Object.entries(SAMPLES))(
    '%s, with the line ends of Windows and a byte order mark',
    (_shape, { text }) => {
      const there = readGroup(`\ufeff${text.replaceAll('\n', '\r\n')}`);
      const here = readGroup(text);
      expect(there.problems).toEqual(here.problems);
      expect(JSON.stringify(there.group)).toBe(JSON.stringify(here.group));
    },
  );
});
