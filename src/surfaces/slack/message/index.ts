/** Everything that the bot looks like in Slack: facts and what commands said, as Slack's blocks. Pure, and within Slack's limits. */

export { ACTION, type Deed, type Ids } from './buttons.ts';
export { type DeployField, MODAL_FIELD } from './deploy-fields.ts';
export type { Person } from './elements.ts';
export { fallback } from './fallback.ts';
export { correctedLine, heldBack, helpMessage, refusal, usageError } from './help.ts';
export { type HomeFacts, homeView } from './home.ts';
export type { SlackMessage } from './limits.ts';
export { DEPLOY_MODAL, type DeployForm, deployModal, deployOptions } from './modal.ts';
export { readDeployModal } from './read-modal.ts';
export { REJECT_MODAL, readReason, rejectModal } from './reject-modal.ts';
export { deedsOf, type RoomStage, type RoomView } from './room-view.ts';
export { rootMessage } from './root.ts';
export { type ThreadReply, threadReply } from './thread.ts';
