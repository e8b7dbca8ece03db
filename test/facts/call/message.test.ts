import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/json/value.ts';
import { callOf, readMessage, request } from './request.ts';

const malformed = ['call_malformed'];
const messageOf = (message: Json, custom_rules = false) => {
  const reading = readMessage(message, custom_rules);
  return reading.ok ? '' : reading.reasons.map((reason) => reason.message).join('\n');
};

describe('one request or notification', () => {
  test.each([
    ['a request', request('tools/list'), { method: 'tools/list' }],
    ['with empty params', request('ping', {}), { method: 'ping' }],
    ['with a text for id', request('ping', {}, { id: '' }), { method: 'ping' }],
    [
      'a notification',
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { method: 'notifications/initialized' },
    ],
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
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }, /a response \(member result\)/],
    ['an error response', { jsonrpc: '2.0', id: 1, error: { code: 1, message: '' } }, /a response \(member error\)/],
    ['a request that is a response as well', request('ping', {}, { result: {} }), /a response/],
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

  test.each(['completion/complete', 'subscriptions/listen', 'tasks/get', 'tasks/cancel', 'Tools/Call', 'toString'])(
    '%s, which this version does not know, is read by its name alone',
    (method) => {
      const params = { name: 'a', uri: 'b', taskId: 'c', arguments: 1, ref: { type: 'ref/prompt', name: 'greet' } };
      expect(callOf(request(method, params))).toEqual({ method });
    },
  );

  test.each<Json>([{ ttl: 60000 }, {}, null])('a call as a task (%j) names no target that could be open', (task) => {
    expect(callOf(request('tools/call', { name: 'read_file', task }))).toEqual({ method: 'tools/call', task: '' });
    expect(callOf(request('ping', { task }))).toEqual({ method: 'ping', task: '' });
  });
});
