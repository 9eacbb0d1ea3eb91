import type { LogLine, Published } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import { type Bill, formatDuration, formatMoney, formatTotal } from '../metering/index.ts';
import type { KeptLog } from '../reconciler/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import type { Block, Outcome } from './document.ts';
import { type DomainView, domainStage, urlsOf } from './domains.ts';
import { type PrivatePlace, privateText } from './private.ts';
import { placeText, refused, stage } from './push.ts';

// What the bot says about groups: how they come up, what runs, what is gone.

export function finishedStage(outcome: 'Succeeded' | 'Failed' | 'Stopped'): Block {
  return stage(outcome === 'Failed' ? 'failed' : 'done', 'finished', outcome);
}

export function groupHeading(name: string): Block {
  return { kind: 'heading', text: name };
}

export function branchHeading(repository: string, environment: string, branch: string, count: number): Block {
  const groups = count === 1 ? '1 group goes with it' : `${count} groups go with it`;
  return {
    kind: 'heading',
    text: `katabot  ${repository} · ${environment} · branch ${branch} deleted: ${groups}`,
  };
}

export function logBlock(line: LogLine, timestamps = false): Block {
  return {
    kind: 'log',
    source: line.container,
    text: timestamps ? `${line.timestamp} ${line.text}` : line.text,
  };
}

/** Whose lines follow: of a container that is gone, as far as they were kept. */
export function keptLogHeading({ container, revision, startedAtMs, cut }: KeptLog): Block {
  const began = new Date(startedAtMs).toISOString().slice(0, 19).replace('T', ' ');
  const gap = cut ? '; the lines before these were not kept' : '';
  return {
    kind: 'text',
    text: `  ${container}, the run of revision #${revision} that began ${began} UTC, kept when its container was removed${gap}`,
  };
}

/** The last lines of a deploy: GPUs and cost. */
export function closingFields(group: Group, total: Bill): Block[] {
  const gpus = group.containers.reduce((sum, { resources }) => sum + (resources.requests.gpu?.count ?? 0), 0);
  return [
    { kind: 'field', label: 'gpu', text: gpus ? `${gpus} asked` : 'none asked' },
    {
      kind: 'field',
      label: 'cost',
      text: `${formatTotal(total)} so far · \`katabot cost ${group.name}\``,
    },
  ];
}

export interface View {
  readonly name: string;
  readonly environment: string;
  readonly state: string;
  readonly revision: number;
  readonly commit: string;
  readonly repository: string;
  readonly location: string;
  readonly host: string;
  readonly by: string;
  readonly expiresAtMs: number | null;
  readonly address: string;
  readonly published: readonly Published[];
  /** Absent for a group that has a network of its own. */
  readonly private?: PrivatePlace;
  readonly url: string;
  readonly domains?: readonly DomainView[];
  readonly containers: readonly {
    name: string;
    image: string;
    init: boolean;
    state: string;
    detail: string;
    restarts: number;
  }[];
  readonly rate: { perSecond: Bill['total']; perHour: Bill['total'] };
  readonly bill: Bill;
  readonly isolation?: { level: string; saw: string };
  readonly waitsFor?: string;
  readonly failure?: {
    code: string;
    message: string;
    advice: string;
    place?: { file: string; path: string };
    suggestion?: { text: string };
  };
  readonly serving?: number;
  readonly coming?: number;
}

export function statusTable(views: readonly View[]): Block[] {
  if (!views.length)
    return [
      { kind: 'text', text: 'No group runs. Push a repository with a containergroup.yaml to start one.' },
    ];
  return [
    {
      kind: 'table',
      columns: ['group', 'environment', 'state', 'running', 'address', 'rate', 'spent'],
      rows: views.map((view) => [
        view.name,
        view.environment,
        view.failure
          ? `${view.state} (${view.failure.code})`
          : `${view.state}${view.waitsFor ? ' (waits)' : ''}`,
        runningOf(view),
        urlsOf(view).join(' ') || view.address || '–',
        `${formatMoney(view.rate.perHour, { digits: 4 })} /h`,
        formatTotal(view.bill),
      ]),
    },
  ];
}

export function runningOf({ containers }: View): string {
  const members = containers.filter((container) => !container.init);
  return `${members.filter(({ state }) => state === 'Running').length}/${members.length}`;
}

export function statusOf(view: View): Block[] {
  const fields: [string, string][] = [
    ['state', view.waitsFor ? `${view.state}, waits for ${view.waitsFor}` : view.state],
    [
      'revision',
      `#${view.revision} · ${view.commit ? `${view.commit.slice(0, 7)} of ${view.repository}` : `by command of ${view.by}`}`,
    ],
    ...(view.coming === undefined
      ? []
      : [['next', `#${view.coming} is being tried beside it`] as [string, string]]),
    ['location', placeOf(view)],
    ...(view.isolation
      ? [['isolation', `${view.isolation.level}: ${view.isolation.saw}`] as [string, string]]
      : []),
    ...(view.expiresAtMs === null
      ? []
      : [
          [
            'ends',
            `by itself at ${new Date(view.expiresAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
          ] as [string, string],
        ]),
    ...(view.address
      ? [
          [
            'address',
            [view.url, ...view.published.map(placeText), view.private && privateText(view.private)]
              .filter(Boolean)
              .join('   '),
          ] as [string, string],
        ]
      : []),
    [
      'price',
      `${formatMoney(view.rate.perSecond, { digits: 7 })} /s   ${formatMoney(view.rate.perHour, { digits: 4 })} /h`,
    ],
    ['cost', `${formatTotal(view.bill)} in ${formatDuration(view.bill.livedMs)}`],
  ];
  return [
    { kind: 'heading', text: `${view.name} · ${view.environment}` },
    ...fields.map(([label, text]): Block => ({ kind: 'field', label, text })),
    ...(view.domains ?? []).map(domainStage),
    { kind: 'blank' },
    {
      kind: 'table',
      columns: ['container', 'state', 'restarts', 'image', ''],
      rows: view.containers.map(({ name, init, state, restarts, image, detail }) => [
        init ? `${name} (init)` : name,
        state,
        String(restarts),
        image,
        detail,
      ]),
    },
    ...(view.failure
      ? [
          { kind: 'blank' } as const,
          stage('failed', view.failure.code, view.failure.message),
          ...mendBlocks(view.failure),
          ...(view.failure.advice ? [{ kind: 'text', text: `    → ${view.failure.advice}` } as const] : []),
          ...(view.serving === undefined
            ? []
            : [{ kind: 'text', text: `    Revision ${view.serving} keeps serving.` } as const]),
        ]
      : []),
  ];
}

function placeOf({ location, host }: View): string {
  if (!host) return `${location} · waits until a host has room`;
  return host === location ? location : `${location} · host ${host}`;
}

function mendBlocks({ place, suggestion }: NonNullable<View['failure']>): Block[] {
  if (!place) return [];
  const what = suggestion ? `Likely fix: ${suggestion.text} at` : 'To change:';
  return [{ kind: 'text', text: `    ${what} ${place.path} of ${place.file}` }];
}

export function removedStage(key: GroupKey, why: string): Block {
  return stage('done', 'removed', `${nameOf(key)}${why ? ` (${why})` : ''}`);
}

/** `hello` for production, `hello in feature-x` elsewhere: as it is typed. */
export function nameOf(key: GroupKey): string {
  const { environment, name } = partsOf(key);
  return environment === 'production' ? name : `${name} in ${environment}`;
}

export function unknownGroup(key: GroupKey, known: readonly { key: GroupKey }[]): Outcome {
  const others = known.map((wish) => nameOf(wish.key));
  return refused(
    'group-unknown',
    `There is no group ${nameOf(key)}.`,
    others.length ? `There is: ${others.join(', ')}.` : 'No group runs yet.',
  );
}

/** `1 error`, `3 errors` */
export function errorCount(problems: readonly Problem[]): string {
  const count = problems.filter(({ severity }) => severity === 'error').length;
  return count === 1 ? '1 error' : `${count} errors`;
}

export function invalid(problems: readonly Problem[]): Outcome {
  const text = `${errorCount(problems)}: nothing was changed, what runs goes on running`;
  return { kind: 'invalid', code: 'invalid', blocks: [stage('failed', 'refused', text)], data: { problems } };
}
