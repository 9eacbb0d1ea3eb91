/** What Slack refuses in a message, a form or a home tab, in its own words. */
import { type Arguments, SlackRefusal } from './api.ts';
import { complaintAboutMessage, complaintAboutView } from './block-kit.ts';

/** Throws a SlackRefusal. */
export function checkBlocks(surface: 'message' | 'modal' | 'home', given: Arguments): void {
  const complaint = surface === 'message' ? complaintAboutMessage(given) : complaintAboutView(given['view']);
  if (complaint) throw new SlackRefusal(complaint.error);
}
