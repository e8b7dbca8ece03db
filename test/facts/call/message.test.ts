import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/json/value.ts';
import { callOf, readMessage, request } from './request.ts';

const malformed = ['call_malformed'];
const messageOf = (message: Json, custom_rules = false) => {
  const reading = readMessage(message, custom_rules);
  return reading.ok ? '' : reading.reasons.map((reason) => reason.message).join('\n');
};

describe('one message', () => {
  test.each([
    ['a request', request('tools/list'), { method: 'tools/list' }],
    ['with empty params', request('ping', {}), { method: 'ping' }],
    ['with a text for id', request('ping', {}, { id: '' }), { method: 'ping' }],
    [
      'a notification',
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { method: 'notifications/initialized' },
    ],
    ['a response', { jsonrpc: '2.0', id: 1, result: { any: [1] } }, { method: 'rpc/response' }],
    ['an error response', { jsonrpc: '2.0', id: 'a', error: { code: 1, message: '' } }, { method: 'rpc/response' }],
    ['with members that JSON-RPC does not know', request('ping', { extra: 1 }, { extra: 1 }), { method: 'ping' }],
  ])('%s is read', (_, message, call) => expect(callOf(message)).toEqual(call));

  test.each<[string, Json, RegExp]>([
    ['null', null, /found null/],
    ['a string', '{}', /found a string/],
    ['a batch', [request('ping')], /batch/],
    ['an empty batch', [], /batch/],
    ['an empty object', {}, /jsonrpc to be "2\.0", found nothing/],
    ['another version', { ...request('ping'), jsonrpc: '1.0' }, /found "1\.0"/],
    ['a number for the version', { ...request('ping'), jsonrpc: 2 }, /found a number/],
    ['a request that is a response as well', request('ping', {}, { result: {} }), /a response with the member method/],
    ['a response with params', { jsonrpc: '2.0', id: 1, result: {}, params: {} }, /a response with the member params/],
    ['a response with both', { jsonrpc: '2.0', id: 1, result: {}, error: {} }, /found both/],
    ['a response without id', { jsonrpc: '2.0', result: {} }, /id of the response, found none/],
    ['a response to nothing', { jsonrpc: '2.0', id: null, error: {} }, /id to be .*found null/],
    ['a response to a list', { jsonrpc: '2.0', id: [1], result: {} }, /id to be .*found an array/],
    ['a result that is text', { jsonrpc: '2.0', id: 1, result: 'x' }, /result of the response .*found a string/],
    ['an error that is null', { jsonrpc: '2.0', id: 1, error: null }, /error of the response .*found null/],
    ['a result in another case', { jsonrpc: '2.0', id: 1, Result: {} }, /"result" only after case folding/],
    ['a GET', request('http/get'), /"http\/get", which stands for what is no message/],
    ['a DELETE', request('http/delete'), /which stands for what is no message/],
    ['what calls itself a response', request('rpc/response'), /which stands for what is no message/],
    ['any call', request('*'), /"\*", which stands for what is no message/],
    ['id null', { ...request('ping'), id: null }, /id to be .*found null/],
    ['a fraction for id', { ...request('ping'), id: 1.5 }, /found another number/],
    ['an id that no integer holds', { ...request('ping'), id: 1e300 }, /found another number/],
    ['true for id', { ...request('ping'), id: true }, /found a boolean/],
    ['no method', { jsonrpc: '2.0', id: 1 }, /method to be .*found nothing/],
    ['an empty method', request(''), /found an empty string/],
    ['a number for the method', { ...request(''), method: 1 }, /found a number/],
    ['a method with a line break', request('tools/list\n'), /found "tools\/list\\u000a"/],
    ['a method with half a character', request('tools/\ud800'), /found "tools\/\\ud800"/],
    ['a long method', request('x'.repeat(256)), /found 256 characters/],
    ['params by position', request('tools/call', ['read_file']), /params to be an object, found an array/],
    ['params null', request('tools/list', null), /params to be an object, found null/],
    ['params text', request('tools/list', 'x'), /params to be an object, found a string/],
  ])('%s is call_malformed', (_, message, found) => {
    expect(callOf(message)).toEqual(malformed);
    expect(messageOf(message)).toMatch(found);
  });

  test('names that every object inherits are no members', () => {
    expect(callOf(Object.create(request('ping')))).toEqual(malformed);
    expect(callOf(request('tools/call', Object.create({ name: 'read_file' })))).toEqual(malformed);
  });
});

describe('the target', () => {
  test.each([
    ['tools/call', { name: 'read_file', arguments: { a: 1 } }, { tool: 'read_file', arguments: { a: 1 } }],
    ['tools/call', { name: 'read_file' }, { tool: 'read_file', arguments: {} }],
    ['prompts/get', { name: 'greet' }, { prompt: 'greet', arguments: {} }],
    ['resources/read', { uri: 'file:///a' }, { uri: 'file:///a' }],
    ['resources/subscribe', { uri: 'file:///a', arguments: [1] }, { uri: 'file:///a' }],
    ['resources/unsubscribe', { uri: 'file:///a', name: 'x' }, { uri: 'file:///a' }],
    ['tools/list', { name: 'read_file', uri: 'file:///a', arguments: {} }, {}],
    ['tools/call', { name: ' Read File ä😀' }, { tool: ' Read File ä😀', arguments: {} }],
  ])('%s %j', (method, params, facts) => expect(callOf(request(method, params))).toEqual({ method, ...facts }));

  test.each([
    ['tools/call', {}],
    ['tools/call', undefined],
    ['tools/call', { name: null }],
    ['tools/call', { name: ['read_file'] }],
    ['tools/call', { name: '' }],
    ['tools/call', { name: 'read_file\u0000' }],
    ['tools/call', { name: 'read\u0085file' }],
    ['tools/call', { name: 'read_file\ud800' }],
    ['tools/call', { uri: 'read_file' }],
    ['prompts/get', { name: 1 }],
    ['prompts/get', { name: 'a\r\nb' }],
    ['resources/read', { name: 'file:///a' }],
    ['resources/read', { uri: '' }],
    ['resources/subscribe', { uri: {} }],
    ['resources/unsubscribe', { uri: 'file:///\udc00' }],
    ['tools/call', { name: 'a', arguments: null }],
    ['tools/call', { name: 'a', arguments: [] }],
    ['prompts/get', { name: 'a', arguments: '{}' }],
  ])('%s %j is call_malformed', (method, params) => {
    expect(callOf(request(method, params))).toEqual(malformed);
    expect(messageOf(request(method, params))).toMatch(
      /^Expected params\.(name|uri|arguments) of .*, found .*\. Send /,
    );
  });

  test('a URI with a control character is for the registry, where it matches exact entries only', () => {
    expect(callOf(request('resources/read', { uri: 'file:///a\u0001' }))).toMatchObject({ uri: 'file:///a\u0001' });
  });

  test.each(['tasks/list', 'roots/list', 'sampling/createMessage', 'elicitation/create', 'Tools/Call', 'toString'])(
    '%s is read by its name alone',
    (method) => {
      const params = { name: 'a', uri: 'b', taskId: 'c', arguments: 1, ref: { type: 'ref/prompt', name: 'greet' } };
      expect(callOf(request(method, params))).toEqual({ method });
    },
  );

  test.each<Json>([{ ttl: 60000 }, {}])('of a call as a task (%j) is the tool', (task) => {
    const call = { method: 'tools/call', tool: 'read_file', arguments: {} };
    expect(callOf(request('tools/call', { name: 'read_file', task }))).toEqual(call);
    expect(callOf(request('ping', { task }))).toEqual({ method: 'ping' });
  });

  test.each<Json>([null, 'x', [], true])('a task that is %j is call_malformed', (task) => {
    expect(callOf(request('tools/call', { name: 'read_file', task }))).toEqual(malformed);
    expect(messageOf(request('tools/call', { name: 'a', task }))).toMatch(
      /params\.task of tools\/call to be an object/,
    );
  });

  test.each(['tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel'])('%s names a task', (method) => {
    expect(callOf(request(method, { taskId: 't-1', inputResponses: {} }))).toEqual({ method, task: 't-1' });
    for (const params of [{}, { taskId: '' }, { taskId: 7 }, { taskId: 't\n' }, { taskId: ['t'] }, { taskid: 't' }])
      expect(callOf(request(method, params))).toEqual(malformed);
  });
});

describe('completion/complete', () => {
  const complete = (ref: Json | undefined, more: JsonObject = {}) =>
    callOf(request('completion/complete', { ...(ref === undefined ? {} : { ref }), ...more }));

  test('names a prompt or a resource', () => {
    const argument = { name: 'a', value: 'b' };
    const method = 'completion/complete';
    expect(complete({ type: 'ref/prompt', name: 'greet' }, { argument })).toEqual({ method, prompt: 'greet' });
    expect(complete({ type: 'ref/prompt', name: 'greet', title: 'Greet' })).toEqual({ method, prompt: 'greet' });
    expect(complete({ type: 'ref/resource', uri: 'file:///{path}' })).toEqual({ method, uri: 'file:///{path}' });
  });

  test.each<[string, Json | undefined]>([
    ['no reference', undefined],
    ['null', null],
    ['a text', 'greet'],
    ['a list', [{ type: 'ref/prompt', name: 'greet' }]],
    ['no type', { name: 'greet' }],
    ['another type', { type: 'ref/tool', name: 'greet' }],
    ['a type in another case', { type: 'Ref/Prompt', name: 'greet' }],
    ['no name', { type: 'ref/prompt' }],
    ['no URI', { type: 'ref/resource' }],
    ['an empty name', { type: 'ref/prompt', name: '' }],
    ['a number for the name', { type: 'ref/prompt', name: 1 }],
    ['a URI for a prompt', { type: 'ref/prompt', uri: 'file:///a' }],
    ['a name for a resource', { type: 'ref/resource', name: 'greet' }],
    ['both, as a prompt', { type: 'ref/prompt', name: 'greet', uri: 'file:///a' }],
    ['both, as a resource', { type: 'ref/resource', name: 'greet', uri: 'file:///a' }],
    ['a name in another case', { type: 'ref/prompt', name: 'greet', Name: 'secret' }],
    ['a type in another case beside it', { type: 'ref/prompt', name: 'greet', TYPE: 'ref/resource' }],
  ])('%s is call_malformed', (_, ref) => expect(complete(ref)).toEqual(malformed));
});

describe('subscriptions/listen', () => {
  const method = 'subscriptions/listen';
  const listen = (notifications?: Json) =>
    callOf(request(method, notifications === undefined ? {} : { notifications }));

  test('names all that it listens to', () => {
    expect(listen({})).toEqual({ method, lists: [], uris: [], tasks: [] });
    expect(
      listen({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///b', 'file:///a', 'file:///b'],
        taskIds: ['t1'],
      }),
    ).toEqual({
      method,
      lists: ['tools/list', 'prompts/list', 'resources/list'],
      uris: ['file:///b', 'file:///a'],
      tasks: ['t1'],
    });
    expect(listen({ toolsListChanged: false, resourceSubscriptions: [] })).toMatchObject({ lists: [] });
  });

  test.each<[string, Json | undefined]>([
    ['no filter', undefined],
    ['null', null],
    ['a list', []],
    ['a member that MCP does not have', { everything: true }],
    ['a member in another case', { ResourceSubscriptions: ['file:///a'] }],
    ['a member that folds to one', { taſkIds: ['t'] }],
    ['a text for true', { toolsListChanged: 'true' }],
    ['a number for true', { promptsListChanged: 1 }],
    ['null for false', { resourcesListChanged: null }],
    ['one URI', { resourceSubscriptions: 'file:///a' }],
    ['null for no URIs', { resourceSubscriptions: null }],
    ['a URI that is an object', { resourceSubscriptions: ['file:///a', { uri: 'file:///b' }] }],
    ['an empty URI', { resourceSubscriptions: ['file:///a', ''] }],
    ['a URI with a space', { resourceSubscriptions: ['file:///a file:///b'] }],
    ['a task with a space', { taskIds: ['t u'] }],
    ['an empty task', { taskIds: [''] }],
    ['a task with a line end', { taskIds: ['t\n'] }],
    ['a number for a task', { taskIds: [7] }],
    [
      'too many',
      { resourceSubscriptions: Array.from({ length: 250 }, (_, at) => `x:${at}`), taskIds: 'abcdefg'.split('') },
    ],
  ])('%s is call_malformed', (_, filter) => expect(listen(filter)).toEqual(malformed));

  test('256 targets are not too many', () => {
    const uris = Array.from({ length: 256 }, (_, at) => `x:${at}`);
    expect(listen({ resourceSubscriptions: uris })).toMatchObject({ uris });
  });
});
