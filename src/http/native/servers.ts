/** `GET /v1/servers`, `/v1/servers/{key}` and a server's protected resource metadata (contract 3). */
import { mayAskAbout } from '../../decide/ask.ts';
import { protectedResourceMetadata } from '../../registry/metadata.ts';
import type { ServerRecord } from '../../registry/registry.ts';
import type { ProblemAnswer } from '../problems.ts';
import { answerJson, type CallerRoute, type OpenRoute, type Parts } from '../route.ts';
import { SERVER_NOT_ALLOWED } from './decide.ts';

export function createServers({ decider }: Parts): CallerRoute {
  return (_, caller) => {
    // Sorted by key, as the registry holds them.
    const records = [...decider.current().registry.servers.values()].filter(({ key }) => mayAskAbout(caller, key));
    return answerJson({ servers: records.map(summary) });
  };
}

export function createServer({ decider }: Parts): CallerRoute {
  return (request, caller) => {
    const key = request.req.param('key') ?? '';
    if (!mayAskAbout(caller, key)) return SERVER_NOT_ALLOWED;
    const record = decider.current().registry.servers.get(key);
    // A caller's list may name a server that is not registered (any more); then it is its own, and simply absent.
    if (record === undefined) return NO_SERVER;
    return answerJson({ key, ...record.effective, source: `${record.source.file}:${record.source.line}` });
  };
}

/** RFC 9728 §2. Public, as the document is that a server itself shows to everyone. */
export function createMetadata({ decider }: Parts): OpenRoute {
  return (request) => {
    const { registry } = decider.current();
    const record = registry.servers.get(request.req.param('key') ?? '');
    return record === undefined ? NO_SERVER : answerJson(protectedResourceMetadata(record, registry));
  };
}

function summary({ key, resource, issuers, max_lifetime_seconds, resource_metadata }: ServerRecord) {
  return { key, resource, issuers, max_lifetime_seconds, protected_resource_metadata: resource_metadata };
}

const NO_SERVER: ProblemAnswer = { name: 'not_found', detail: 'No server has this key: GET /v1/servers lists them.' };
