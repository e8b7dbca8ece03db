import { BODIES } from './bodies.ts';
import type { Case, Section } from './case.ts';
import { CONNECTIONS } from './connections.ts';
import { CREDENTIALS } from './credentials.ts';
import { IDENTITY } from './identity.ts';
import { MESSAGES } from './messages.ts';
import { ROUTES } from './routes.ts';
import { TOKENS_AT_SERVERS } from './tokens-at-servers.ts';

export const SECTIONS: readonly Section[] = [
  TOKENS_AT_SERVERS,
  CREDENTIALS,
  ROUTES,
  MESSAGES,
  BODIES,
  IDENTITY,
  CONNECTIONS,
];

export const CASES: readonly Case[] = SECTIONS.flatMap(({ cases }) => cases);
