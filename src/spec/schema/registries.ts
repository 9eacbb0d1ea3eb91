import { ignored, object, required, secretText, text } from '../field.ts';

export const registryCredential = object(
  {
    server: required(
      text({
        says: 'Host name of the registry, without a scheme.',
        example: 'registry.example.com',
        code: 'InvalidImageRegistryServer',
      }),
    ),
    username: text({ says: 'User name.' }),
    password: secretText({ says: 'Password or token.' }),
    passwordReference: text({
      says: 'A secret of the bot: `katabot:NAME`, or an entry of secretReferences.',
      since: '2025-09-01',
    }),
    identity: text({ says: 'ARM id of a user-assigned identity.', since: '2021-07-01' }),
    identityUrl: text({ says: 'Address of the identity.', since: '2021-07-01' }),
    isDelegatedIdentity: ignored('Written by exports.'),
  },
  { says: 'A login for one registry.' },
);
