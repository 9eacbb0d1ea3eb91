/** Reading and checking containergroup.yaml: a realistic group of five containers, over and over, on one core. */
import { load } from 'js-yaml';
import { readGroup } from '../src/spec/index.ts';
import { type Figure, median } from './figure.ts';

const WARM_UPS = 500;
const RUNS = 5;
const ROUNDS = 1_000;

export async function benchValidate(): Promise<readonly Figure[]> {
  const text = document();
  if (readGroup(text).problems.length > 0) throw new Error('the bench’s own document has problems');
  for (let round = 0; round < WARM_UPS; round += 1) {
    readGroup(text);
    load(text);
  }
  // By turns, so that whatever else the machine does slows both down; of the runs the median counts.
  const runs = Array.from({ length: RUNS }, () => ({
    own: timesOf(() => readGroup(text)),
    plain: timesOf(() => load(text)),
  }));
  const own = (of: (times: readonly number[]) => number) => median(runs.map((run) => of(run.own)));
  const plain = (of: (times: readonly number[]) => number) => median(runs.map((run) => of(run.plain)));
  const perSecond = (times: readonly number[]) =>
    (times.length * 1000) / times.reduce((sum, time) => sum + time, 0);
  const p99 = (times: readonly number[]) =>
    times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
  const against = 'js-yaml load, which checks nothing';
  return [
    {
      bench: 'validate',
      figure: 'files a second',
      value: Math.round(own(perSecond)),
      unit: '1/s',
      against,
      ratio: own(perSecond) / plain(perSecond),
      target: '>= 1000 /s',
    },
    {
      bench: 'validate',
      figure: 'p99 of one file',
      value: own(p99),
      unit: 'ms',
      against,
      ratio: own(p99) / plain(p99),
      target: '<= 2 ms',
    },
  ];
}

function timesOf(work: () => unknown): number[] {
  return Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
}

function document(): string {
  const container = (name: string, port: number) => `
  - name: ${name}
    properties:
      image: registry.example.com/shop/${name}:1.4.2
      command: ["/bin/server", "--port", "${port}"]
      ports: [{ port: ${port}, protocol: TCP }]
      environmentVariables:
      - { name: LOG_LEVEL, value: info }
      - { name: RELEASE, value: 1.10 }
      - { name: TOKEN, secureValue: not-a-real-one }
      resources: { requests: { cpu: 0.5, memoryInGB: 1.5 }, limits: { cpu: 1, memoryInGB: 2 } }
      volumeMounts:
      - { name: scratch, mountPath: /var/scratch }
      - { name: certificates, mountPath: /etc/certificates, readOnly: true }
      livenessProbe: { httpGet: { path: /healthz, port: ${port}, scheme: http }, periodSeconds: 10 }`;
  const names = ['web', 'api', 'worker', 'cache', 'metrics'];
  return `apiVersion: '2023-05-01'
type: Microsoft.ContainerInstance/containerGroups
name: shop
location: local
tags: { team: shop, stage: production }
properties:
  osType: Linux
  restartPolicy: Always
  ipAddress:
    type: Public
    dnsNameLabel: shop-web
    ports: [{ port: 8080 }, { port: 8081 }]
  imageRegistryCredentials:
  - { server: registry.example.com, username: reader, password: not-a-real-one }
  volumes:
  - { name: scratch, emptyDir: {} }
  - { name: certificates, secret: { tls.crt: bm90IHJlYWw=, tls.key: bm90IHJlYWw= } }
  containers:${names.map((name, index) => container(name, 8080 + index)).join('')}
`;
}
