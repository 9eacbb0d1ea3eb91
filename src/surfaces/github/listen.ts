import type { IncomingMessage } from 'node:http';
import type { CodeHost } from '../../commands/index.ts';
import { createInbox, createOutbox } from '../../mail/index.ts';
import type { Caller } from '../../policy/index.ts';
import { createLooker, type Queue } from '../../reconciler/index.ts';
import { isAside } from '../../replies/index.ts';
import type { PullRequests } from '../pull-requests.ts';
import { tellAside } from './aside.ts';
import { askOfBranch } from './branch-asked.ts';
import { createClients } from './clients.ts';
import { deliver } from './deliver.ts';
import { EVENTS, listenTo, receive } from './events.ts';
import { lookAtPull } from './look.ts';
import { callerNumbered } from './numbered.ts';
import { paint } from './paint.ts';
import type { Desk, GithubParts } from './parts.ts';
import { teamsOfPerson } from './people.ts';
import { askPull, openPulls, treeElsewhere } from './pull-requests.ts';
import { nameOfPull, notePlace } from './pulls.ts';
import { lookAtBranches } from './push.ts';
import { startAnswer } from './start-answer.ts';
import { redeliverLost, sweepRepositories } from './sweep.ts';
import { createTrees } from './tree.ts';
import { resume } from './waiting.ts';
import { type Answer, createWebhooks } from './webhooks.ts';

/** What GitHub allows an installation; acknowledgements always find room. */
const BUDGET = {
  writesPerMinute: 180,
  createsPerMinute: 80,
  createsPerHour: 500,
  reserve: 0.2,
  progressEveryMs: 5_000,
};
const REDELIVER_EVERY_MS = 120_000;

export interface Github extends PullRequests {
  /** Takes a delivery of GitHub's webhook. */
  take(request: IncomingMessage): Promise<Answer>;
  /** Those of the teams that somebody is in. Throws a Failure `teams-unknown` when GitHub does not say. */
  teamsOf: CodeHost['teamsOf'];
  /** What the person with a number may do in a repository now. Throws while GitHub does not answer. */
  callerOf(repository: string, github: number): Promise<Caller | undefined>;
  /** Goes on with what an earlier process has left, and looks at everything once. */
  start(): Promise<void>;
  /** Nothing is being looked at, answered or written, and nothing is due now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** The GitHub App: pull requests and pushes deploy, and the pull request tells how it is. */
export function createGithub(parts: GithubParts): Github {
  const closing = new AbortController();
  const desk = deskFor(parts, closing.signal);
  const { clock, credentials, warn } = parts;
  const take = createWebhooks({
    inbox: desk.inbox,
    secrets: credentials.webhookSecrets,
    clock,
    events: EVENTS,
    warn,
  });
  const stops: (() => void)[] = [];
  const timers: (() => void)[] = [];
  return {
    take,
    teamsOf: (...asked) => teamsOf(desk, ...asked),
    open: (repository) => openPulls(desk, repository),
    ask: (asked) => askPull(desk, asked),
    knows: (repository) => desk.installations.has(repository.toLowerCase()),
    askOfBranch: (asked) => askOfBranch(desk, asked),
    tree: (repository, ref) => treeElsewhere(desk, repository, ref),
    callerOf: (repository, github) => callerNumbered(desk, repository, github),
    async start() {
      await desk.clients.probot.load((robot) => listenTo(desk, robot));
      for (const pull of await parts.pulls.unfinished()) {
        for (const environment of Object.keys(pull.places)) notePlace(desk, environment, nameOfPull(pull));
      }
      stops.push(
        parts.proposals.listen((id) => resume(desk, ({ waits }) => waits?.proposal === id, startAnswer)),
      );
      stops.push(
        parts.feed.listen(({ group, revision, fact, atMs }) => {
          if (fact.kind === 'pull-progress') return;
          for (const name of desk.places.get(group.slice(0, group.indexOf('/'))) ?? []) {
            if (!isAside(fact)) desk.paints.add(name);
            else void tellAside(desk, name, { group, revision, fact, atMs }).catch(parts.reportInternal);
          }
        }),
      );
      const learning = learnName(desk).finally(() => desk.sweeping.delete(learning));
      desk.sweeping.add(learning);
      await Promise.all([desk.inbox.start(), desk.outbox.start()]);
      for (const ask of await parts.pulls.unanswered()) startAnswer(desk, ask);
      timers.push(
        regularly(desk, parts.settings.lookEveryMs, () => sweepRepositories(desk)),
        regularly(desk, REDELIVER_EVERY_MS, () => redeliverLost(desk)),
      );
    },
    idle: () => idle(desk),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      for (const stop of stops) stop();
      for (const cancel of timers) cancel();
      await Promise.all([desk.inbox, desk.looks, desk.pushes, desk.paints].map((each) => each.close()));
      for (const cancel of desk.retries.values()) cancel();
      await Promise.all([...desk.answering.values(), ...desk.sweeping]);
      await desk.outbox.close();
    },
  };
}

async function teamsOf(
  desk: Desk,
  repository: string,
  person: string,
  teams: readonly string[],
): Promise<readonly string[]> {
  const installation = desk.installations.get(repository);
  if (installation === undefined) return [];
  return teamsOfPerson(await desk.clients.installation(installation), person, teams);
}

/** An app is mentioned by what GitHub calls it; while GitHub is away it is called by its usual name. */
async function learnName(desk: Desk): Promise<void> {
  try {
    const { data } = await (await desk.clients.app()).rest.apps.getAuthenticated();
    if (data?.slug) desk.mention = data.slug;
  } catch (error) {
    desk.parts.warn({ why: String(error).slice(0, 300) }, 'GitHub does not know the app, or does not answer');
  }
}

function deskFor(parts: GithubParts, closing: AbortSignal): Desk {
  const { clock, random } = parts;
  const clients = createClients(parts.credentials, parts.settings.apiUrl);
  const desk: Desk = {
    parts,
    clients,
    trees: createTrees(),
    inbox: createInbox({
      source: 'github',
      book: parts.inbox,
      clock,
      random,
      work: (delivery) => receive(desk, delivery),
      alarm: ({ id, event }, error) =>
        void parts.reportInternal(new Error(`delivery ${id} (${event}) was given up`, { cause: error })),
    }),
    outbox: createOutbox({
      accounts: 'github:',
      book: parts.outbox,
      clock,
      random,
      budget: BUDGET,
      async deliver(kept) {
        const octokit = await clients.installation(Number(kept.write.account.slice('github:'.length)));
        return deliver({ octokit, kept, outbox: desk.outbox, appId: parts.credentials.appId });
      },
      alarm: ({ account, key, kind }, why) =>
        parts.warn({ account, key, kind, why }, 'GitHub does not take a write'),
    }),
    looks: looker(parts, closing, (name) => lookAtPull(desk, name, startAnswer)),
    paints: looker(parts, closing, (name) => paint(desk, name)),
    pushes: looker(parts, closing, (repository) => lookAtBranches(desk, repository, startAnswer)),
    answering: new Map(),
    attempts: new Map(),
    retries: new Map(),
    received: new Map(),
    steps: new Map(),
    places: new Map(),
    changing: new Map(),
    installations: new Map(),
    redelivered: new Set(),
    sweeping: new Set(),
    closing,
    mention: 'katabot',
  };
  return desk;
}

/** A queue of names to look at. */
function looker<Name extends string>(
  { clock, warn }: GithubParts,
  closing: AbortSignal,
  look: (name: Name) => Promise<void>,
): Queue<Name> {
  const givenUp = (name: Name, error: unknown) =>
    warn(
      { name, why: String(error).slice(0, 300) },
      'looking has failed again and again; the next look at everything tries anew',
    );
  return createLooker({ clock, closing, look, givenUp });
}

/** At once, and then again and again. */
function regularly(
  { parts, closing, sweeping }: Desk,
  everyMs: number,
  work: () => Promise<unknown>,
): () => void {
  let cancel = () => {};
  const turn = () => {
    const sweep = work()
      .catch((error: unknown) => {
        if (!closing.aborted)
          parts.warn({ why: String(error).slice(0, 300) }, 'GitHub could not be looked at');
      })
      .finally(() => {
        sweeping.delete(sweep);
        if (!closing.aborted) cancel = parts.clock.after(everyMs, turn);
      });
    sweeping.add(sweep);
  };
  turn();
  return () => cancel();
}

/** What one part leaves behind may be work for another: all of them have to rest at the same time. */
async function idle(desk: Desk): Promise<void> {
  for (let calm = 0; calm < 2; calm++) {
    const answering = [...desk.answering.values(), ...desk.sweeping];
    if (answering.length) calm = 0;
    await Promise.all(answering);
    for (const part of [desk.inbox, desk.looks, desk.pushes, desk.paints, desk.outbox]) await part.idle();
    if (desk.answering.size || desk.sweeping.size) calm = -1;
  }
}
