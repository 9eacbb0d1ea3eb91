import type { Block } from '../../replies/index.ts';
import type { Ask } from '../../store/index.ts';
import { drawMarkdown, MOST_COMMENT } from './markdown.ts';
import { accountOf, type Desk } from './parts.ts';
import { put } from './put.ts';

/** A comment of its own, in answer to one thing that was asked. `called`: logins, and teams such as `acme/ops`, whom GitHub tells. */
export async function reply(
  desk: Pick<Desk, 'outbox'>,
  { id, installation, repository, number }: Pick<Ask, 'id' | 'installation' | 'repository' | 'number'>,
  blocks: readonly Block[],
  called: readonly string[] = [],
): Promise<void> {
  const marker = `<!-- katabot:v1 answer=${id.replace(/[^\w:-]/g, '')} -->`;
  const mentions = called.length ? `\n\n${called.map((name) => `@${name}`).join(' ')}` : '';
  const most = MOST_COMMENT - marker.length - mentions.length - 1;
  const body = `${marker}\n${drawMarkdown(blocks, most)}${mentions}`;
  await put(desk, accountOf(installation), {
    kind: 'comment',
    key: `reply:${id}`,
    importance: 'result',
    content: { repository, number, marker, body },
  });
}
