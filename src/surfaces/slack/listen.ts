import type { IncomingMessage } from 'node:http';
import { App, webApi } from '@slack/bolt';
import { createInbox, createOutbox, Refused } from '../../mail/index.ts';
import { createLooker, type Queue } from '../../reconciler/index.ts';
import { answerNow } from './answer-now.ts';
import { lookAtProposal } from './approvals.ts';
import { clientOptions, createClients, SILENT } from './clients.ts';
import { deliver } from './deliver.ts';
import { listenTo, receive } from './events.ts';
import { keepTeam } from './install.ts';
import { createMembers } from './members.ts';
import { hear, notice } from './notice.ts';
import { paint } from './paint.ts';
import type { Desk, Notice, SlackParts } from './parts.ts';
import { type Answer, createRequests, takeIn } from './requests.ts';
import { respond } from './respond.ts';
import { createSocket, type Socket } from './socket.ts';
import { startAnswer } from './start-answer.ts';
import { createTurns } from './turns.ts';
import { resume } from './waiting.ts';

/** What Slack allows: a message a second in a channel, some 50 edits a minute. Acknowledgements always find room. */
const BUDGET = {
  writesPerMinute: 200,
  createsPerMinute: 150,
  createsPerHour: 5_000,
  editsPerMinute: 50,
  placeEveryMs: 1_000,
  reserve: 0.2,
  progressEveryMs: 3_000,
};
const RETRY_MS = 15_000;
const SWEEP_MS = 3_600_000;
/** How long a message that has come to its end is remembered, for words in its thread. */
const KEPT_MS = 90 * 86_400_000;

export interface Slack {
  /** Takes whatever Slack sends to the one address that it knows. */
  take(request: IncomingMessage): Promise<Answer>;
  /** Goes on with what an earlier process has left. */
  start(): Promise<void>;
  /** Nothing is being answered, painted or written, and nothing is due now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** The Slack app: commands, mentions and buttons do what people ask, and one message a deploy tells how it is. */
export function createSlack(parts: SlackParts): Slack {
  const closing = new AbortController();
  const { settings, clock, warn, slack } = parts;
  const app = boltFor(parts);
  const desk = deskFor(parts, app, closing.signal);
  listenTo(desk, app);
  const requests = {
    inbox: desk.inbox,
    secrets: settings.signingSecrets,
    clock,
    answerNow: (body: unknown) => answerNow(desk, body),
    warn,
  };
  const socket: Socket | undefined = settings.appToken
    ? createSocket({
        apiUrl: settings.apiUrl,
        appToken: settings.appToken.reveal(),
        clock,
        take: (body) => takeIn(requests, body),
        warn,
      })
    : undefined;
  const stops: (() => void)[] = [];
  let cancel = () => {};
  const timers = new Set<() => void>();
  const sweep = () => {
    cancel = clock.after(SWEEP_MS, sweep);
    void slack.forget(clock.now() - KEPT_MS).catch(() => {}); // tried again in an hour
  };
  return {
    take: createRequests(requests),
    async start() {
      await learnTeam(parts, closing.signal, timers);
      stops.push(parts.feed.listen((event) => hear(desk, event)));
      stops.push(
        parts.proposals.listen((id) => {
          desk.approvals.add(id);
          resume(desk, ({ waits }) => waits?.proposal === id, startAnswer);
        }),
      );
      await Promise.all([desk.inbox.start(), desk.outbox.start()]);
      for (const ask of await slack.asks.unanswered()) startAnswer(desk, ask);
      for (const room of await slack.rooms.open()) {
        desk.paints.add(room.key);
        if (room.proposal) desk.approvals.add(room.proposal);
      }
      for (const { id } of await parts.proposals.open()) desk.approvals.add(id);
      socket?.start();
      sweep();
    },
    idle: () => idle(desk),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      for (const stop of stops) stop();
      cancel();
      for (const stop of timers) stop();
      await socket?.close();
      await Promise.all([desk.inbox, desk.notices, desk.approvals, desk.paints].map((each) => each.close()));
      for (const giveUp of desk.retries.values()) giveUp();
      await Promise.all([...desk.answering.values(), ...desk.sweeping]);
      await desk.outbox.close();
    },
  };
}

/** Bolt, without a receiver of its own: what comes is on disk before Bolt sees it. */
function boltFor({ settings, slack }: SlackParts): App {
  return new App({
    receiver: { init() {}, start: async () => {}, stop: async () => {} },
    authorize: async ({ teamId = '' }) => {
      const team = await slack.teams.get(teamId);
      if (!team) throw new Error(`the app is not installed in ${teamId}`);
      return { botToken: team.botToken.reveal(), botId: team.botId, botUserId: team.botUser, teamId };
    },
    clientOptions: clientOptions(settings.apiUrl),
    convoStore: false,
    logger: SILENT,
  });
}

/** In a single workspace the token says which one it is; while Slack is away, what was learnt before holds. */
async function learnTeam(parts: SlackParts, closing: AbortSignal, timers: Set<() => void>): Promise<void> {
  const { settings, slack, clock, warn } = parts;
  const { botToken, apiUrl } = settings;
  if (!botToken) return;
  try {
    const client = new webApi.WebClient(botToken.reveal(), clientOptions(apiUrl));
    await keepTeam(slack.teams, client, botToken.reveal(), clock.now());
  } catch (error) {
    if (closing.aborted) return;
    warn(
      { why: String(error).slice(0, 300) },
      'Slack does not take the bot’s token, or does not answer; it is tried again',
    );
    const stop = clock.after(RETRY_MS, () => {
      timers.delete(stop);
      void learnTeam(parts, closing, timers);
    });
    timers.add(stop);
  }
}

function deskFor(parts: SlackParts, app: App, closing: AbortSignal): Desk {
  const { clock, random, slack } = parts;
  const clients = createClients(parts.settings.apiUrl, slack);
  const desk: Desk = {
    parts,
    clients,
    members: createMembers(clients, clock),
    inbox: createInbox({
      source: 'slack',
      book: parts.inbox,
      clock,
      random,
      work: (delivery) => receive(app, delivery),
      alarm: ({ id, event }, error) =>
        void parts.reportInternal(
          new Error(`delivery ${id} (${event}) of Slack was given up`, { cause: error }),
        ),
    }),
    outbox: createOutbox({
      accounts: 'slack:',
      book: parts.outbox,
      clock,
      random,
      budget: BUDGET,
      async deliver(kept) {
        const found = await clients.of(kept.write.account.slice('slack:'.length));
        if (!found) throw new Refused('the app is not installed there any more');
        return deliver({
          client: found.client,
          kept,
          outbox: desk.outbox,
          book: slack,
          nowMs: clock.now(),
          respond,
        });
      },
      alarm: ({ account, key, kind }, why) =>
        parts.warn({ account, key, kind, why }, 'Slack does not take a write'),
    }),
    notices: looker(parts, closing, (about: Notice) => notice(desk, about)),
    paints: looker(parts, closing, (key: string) => paint(desk, key)),
    approvals: looker(parts, closing, (id: string) => lookAtProposal(desk, id)),
    answering: new Map(),
    turns: createTurns(clock),
    attempts: new Map(),
    retries: new Map(),
    steps: new Map(),
    seen: new Map(),
    changing: new Map(),
    sweeping: new Set(),
    closing,
  };
  return desk;
}

/** A queue of names to look at. */
function looker<Name extends string>(
  { clock, warn }: SlackParts,
  closing: AbortSignal,
  look: (name: Name) => Promise<void>,
): Queue<Name> {
  const givenUp = (name: Name, error: unknown) =>
    warn({ name, why: String(error).slice(0, 300) }, 'a message in Slack could not be made, again and again');
  return createLooker({ clock, closing, look, givenUp });
}

/** What one part leaves behind may be work for another: all of them have to rest at the same time. */
async function idle(desk: Desk): Promise<void> {
  for (let calm = 0; calm < 2; calm++) {
    const answering = [...desk.answering.values(), ...desk.sweeping];
    if (answering.length) calm = 0;
    await Promise.all(answering);
    for (const part of [desk.inbox, desk.notices, desk.approvals, desk.paints, desk.outbox])
      await part.idle();
    if (desk.answering.size || desk.sweeping.size) calm = -1;
  }
}
