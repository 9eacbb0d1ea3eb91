import type { Clock } from '../../clock.ts';
import type { Clients } from './clients.ts';
import type { Members, Standing } from './parts.ts';

const FRESH_MS = 60_000;
const MOST_KEPT = 5_000;

export function createMembers(clients: Clients, clock: Clock): Members {
  const kept = new Map<string, { atMs: number; standing: Standing }>();
  return {
    async standing(team, user) {
      if (user.team !== team) return 'stranger'; // of a channel that is shared with another company
      const name = `${team}/${user.user}`;
      const known = kept.get(name);
      if (known && clock.now() - known.atMs < FRESH_MS) return known.standing;
      const standing = await ask(clients, team, user.user);
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(name, { atMs: clock.now(), standing });
      return standing;
    },
  };
}

async function ask(clients: Clients, team: string, user: string): Promise<Standing> {
  const found = await clients.of(team);
  if (!found) return 'stranger';
  const { user: who } = await found.client.users.info({ user });
  if (!who || who.is_stranger) return 'stranger';
  if (who.deleted) return 'deactivated';
  if (who.is_bot || who.id === 'USLACKBOT' || who.is_workflow_bot) return 'bot';
  if (who.is_restricted || who.is_ultra_restricted) return 'guest';
  const teams = who.enterprise_user?.teams ?? [who.team_id ?? ''];
  return teams.includes(team) ? 'member' : 'stranger';
}
