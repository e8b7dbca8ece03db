/** Every profile by its name: the one table that reading tokens, the lint, commands and documentation look into. */
import { AUTH0 } from './auth0.ts';
import { COGNITO } from './cognito.ts';
import { ENTRA } from './entra.ts';
import { GOOGLE } from './google.ts';
import { KEYCLOAK } from './keycloak.ts';
import { OKTA } from './okta.ts';
import type { Profile, ProfileName } from './profile.ts';
import { RFC9068 } from './rfc9068.ts';
import { WORKOS } from './workos.ts';

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  rfc9068: RFC9068,
  entra: ENTRA,
  okta: OKTA,
  auth0: AUTH0,
  keycloak: KEYCLOAK,
  cognito: COGNITO,
  google: GOOGLE,
  workos: WORKOS,
};
