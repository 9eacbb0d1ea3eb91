/** The fields of the form that deploys; a mistake is shown at one of them. */
export type DeployField = 'repository' | 'ref' | 'environment' | 'ttl' | 'reason';

/** What `action_id` of a field begins with: the rest is the field. */
export const MODAL_FIELD = 'katabot:field-';

/** The closed class of each value, as the grammar has it: nothing else is offered, and nothing else is taken. */
export const CLASSES: Readonly<Record<DeployField, readonly [pattern: RegExp, wrong: string]>> = {
  repository: [/^([\w.-]{1,100}\/)?[\w.-]{1,100}$/, 'Choose a repository.'],
  ref: [/^(#[1-9]\d{0,8}|@[A-Za-z0-9][\w./-]{0,199})$/, 'Choose a pull request or a branch.'],
  environment: [/^[a-z0-9][a-z0-9-]{0,39}$/, 'Choose an environment.'],
  ttl: [/^((\d{1,4}[smhd])+)?$/, 'Choose a time to live, or none.'],
  reason: [/^[\s\S]{0,500}$/, 'Write at most 500 characters.'],
};
