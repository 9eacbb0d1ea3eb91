import type { KnownBlock, RichTextBlockElement, RichTextElement } from '@slack/types';
import * as say from '../../../replies/index.ts';
import { buttonRow, type Ids } from './buttons.ts';
import * as draw from './elements.ts';
import { factsOf, footer } from './facts.ts';
import type { SlackMessage } from './limits.ts';
import { planBlock } from './plan.ts';
import { deedsOf, type RoomView } from './room-view.ts';
import { sentence } from './text.ts';

/**
 * The one message of a deployment as it stands now, with the buttons that have ids. Pure: the same view gives the same
 * message, so that it is sent only when something has changed.
 */
export function rootMessage(view: RoomView, ids: Ids = {}): SlackMessage {
  const about = say.placeName(view);
  const url = view.groups.find((group) => group.url)?.url;
  const buttons = buttonRow(deedsOf(view), {
    about,
    ids,
    urls: { ...(url ? { open: url } : {}), ...(view.pageUrl ? { page: view.pageUrl } : {}) },
  });
  const blocks: KnownBlock[] = [
    draw.header(say.roomTitle(view)),
    draw.rich(originOf(view)),
    ...stageBlocks(view),
    ...factsOf(view),
    footer(view),
    ...(buttons ? [buttons] : []),
  ];
  return { text: sentence(say.roomSentence(view)), blocks };
}

/** `9f31c02 fix: batch size · #412 by ann` */
function originOf({ commit, commitUrl, title, pull, repository }: RoomView): RichTextBlockElement {
  const short = commit.slice(0, 7);
  const parts: RichTextElement[][] = [
    short ? [draw.isAddress(commitUrl) ? draw.link(short, commitUrl) : draw.code(short)] : [],
    title ? [draw.said(title, 150)] : [],
    pull ? [draw.link(`#${pull.number}`, pull.url), draw.own(' by '), draw.said(pull.by, 80)] : [],
    short || pull ? [] : [draw.said(repository || 'a file that came with the command', 150)],
  ];
  return draw.paragraph(
    ...parts
      .filter((part) => part.length)
      .flatMap((part, index) => (index ? [draw.own(part === parts[1] ? '  ' : '  ·  '), ...part] : part)),
  );
}

/** What only this stage has to say. */
function stageBlocks(view: RoomView): KnownBlock[] {
  const { stage, nowMs } = view;
  switch (stage.kind) {
    case 'approval':
      return [
        draw.rich(
          draw.quote(
            draw.bold('Needs the approval of'),
            draw.own(' '),
            ...among(stage.from.map(draw.person)),
            ...(stage.untilMs === null ? [] : [draw.own(' until '), draw.moment(stage.untilMs, nowMs)]),
            ...(stage.why ? [draw.own('\n'), draw.said(stage.why, 500)] : []),
          ),
        ),
      ];
    case 'waiting':
      return [
        draw.rich(
          draw.quote(
            draw.bold('Waits'),
            draw.own(': '),
            draw.said(stage.why, 500),
            ...(stage.untilMs === null ? [] : [draw.own(' · until '), draw.moment(stage.untilMs, nowMs)]),
          ),
        ),
      ];
    case 'deploying':
      return [planBlock(stage)];
    case 'failed':
      return [draw.rich(draw.quote(...causeOf(stage)))];
    case 'rejected':
    case 'withdrawn':
    case 'expired':
      return stage.why ? [draw.rich(draw.quote(draw.said(stage.why, 500)))] : [];
    default:
      return [];
  }
}

function among(people: readonly RichTextElement[]): RichTextElement[] {
  if (!people.length) return [draw.own('somebody else')];
  return people
    .slice(0, 10)
    .flatMap((each, index) =>
      index === 0 ? [each] : [draw.own(index === people.length - 1 ? ' or ' : ', '), each],
    );
}

/** What went wrong, what to write, and that nobody was harmed. */
function causeOf(stage: Extract<RoomView['stage'], { kind: 'failed' }>): RichTextElement[] {
  const { message, advice, suggestion, serving } = stage;
  return [
    draw.bold(message, 600),
    ...(advice ? [draw.own('\n'), draw.said(`→ ${advice}`, 600)] : []),
    ...(suggestion
      ? [
          draw.own('\n→ '),
          draw.code(suggestion.text, 200),
          draw.own(' at '),
          draw.code(suggestion.where, 200),
          ...(suggestion.addsPerHour ? [draw.own(` (+${say.rateWords(suggestion.addsPerHour)})`)] : []),
        ]
      : []),
    ...(serving === null
      ? []
      : [draw.own(`\nRevision #${serving} keeps serving: nothing changed for its users.`)]),
  ];
}
