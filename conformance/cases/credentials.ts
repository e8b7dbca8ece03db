/** How the token is sent (RFC 9110 §11, RFC 6750 §2). */
import {
  type Departure,
  INVALID_TOKEN,
  MALFORMED,
  MISSING,
  OK,
  OK_OR_REFUSED,
  REFUSED,
  SERVER_REFUSES,
  type Section,
} from './case.ts';

const only = (...lines: readonly string[]) => ({ token: null, headers: lines });
const NGINX_ITSELF: readonly Departure[] = [
  {
    gateways: ['nginx', 'nginx-njs'],
    because: 'nginx itself refuses a second Authorization header, before audgate is asked',
    expect: { status: 400, upstream: 'none' },
  },
];
const FORM = 'Content-Type: application/x-www-form-urlencoded';

export const CREDENTIALS: Section = {
  title: 'Credentials',
  cases: [
    {
      name: 'two Authorization headers, right one first',
      send: { headers: ['Authorization: Bearer {billing}'] },
      expect: MALFORMED,
      departures: NGINX_ITSELF,
    },
    {
      name: 'two Authorization headers, right one last',
      send: { token: 'billing', headers: ['Authorization: Bearer {right}'] },
      expect: MALFORMED,
      departures: NGINX_ITSELF,
    },
    {
      name: 'the same Authorization header twice',
      send: { headers: ['Authorization: Bearer {right}'] },
      expect: MALFORMED,
      departures: NGINX_ITSELF,
    },
    {
      name: 'two spellings of the header',
      send: { headers: ['AUTHORIZATION: Bearer {billing}'] },
      expect: MALFORMED,
      departures: NGINX_ITSELF,
    },
    {
      name: 'two credentials joined by a comma',
      send: only('Authorization: Bearer {right}, Bearer {billing}'),
      expect: MALFORMED,
    },
    {
      name: 'two tokens joined by a comma',
      send: only('Authorization: Bearer {right},{billing}'),
      expect: MALFORMED,
    },
    {
      name: 'Basic beside the token',
      send: { headers: ['Authorization: Basic dTpw'] },
      expect: MALFORMED,
      departures: NGINX_ITSELF,
    },
    { name: 'scheme bearer', send: only('Authorization: bearer {right}'), expect: OK },
    { name: 'scheme BEARER', send: only('Authorization: BEARER {right}'), expect: OK },
    { name: 'scheme bEaReR', send: only('authorization: bEaReR {right}'), expect: OK },
    { name: 'scheme Basic', send: only('Authorization: Basic dXNlcjpwYXNz'), expect: MALFORMED },
    { name: 'scheme Basic with a token', send: only('Authorization: Basic {right}'), expect: MALFORMED },
    { name: 'token without scheme', send: only('Authorization: {right}'), expect: MALFORMED },
    { name: 'empty token', send: only('Authorization: Bearer '), expect: MISSING },
    { name: 'scheme alone', send: only('Authorization: Bearer'), expect: MISSING },
    { name: 'two spaces before the token', send: only('Authorization: Bearer  {right}'), expect: INVALID_TOKEN },
    { name: 'tab before the token', send: only('Authorization: Bearer\t{right}'), expect: MALFORMED },
    { name: 'words after the token', send: only('Authorization: Bearer {right} {billing}'), expect: INVALID_TOKEN },
    { name: 'spaces before the value', send: only('Authorization:   Bearer {right}'), expect: OK },
    { name: 'spaces after the value', send: only('Authorization: Bearer {right}  '), expect: OK },
    { name: 'space before the colon', send: only('Authorization : Bearer {right}'), expect: REFUSED },
    {
      name: 'underscore for the dash',
      send: only('Proxy_Authorization: Bearer {right}'),
      expect: { ...MISSING, or_refused: true },
    },
    { name: 'Proxy-Authorization alone', send: only('Proxy-Authorization: Bearer {right}'), expect: MISSING },
    { name: 'token in a cookie', send: only('Cookie: access_token={right}'), expect: MISSING },
    {
      name: 'token in the query',
      send: { token: null, target: '/files/mcp?access_token={right}' },
      expect: MISSING,
    },
    {
      name: 'token in the query beside the header',
      send: { target: '/files/mcp?access_token={billing}' },
      expect: MALFORMED,
    },
    {
      name: 'token in the query, its name encoded',
      send: { target: '/files/mcp?a=b&access%5Ftoken={billing}' },
      expect: MALFORMED,
    },
    { name: 'other query', send: { target: '/files/mcp?a=b%20c&d' }, expect: OK },
    {
      name: 'token in a form',
      send: { token: null, headers: [FORM], body: 'access_token={right}' },
      expect: MALFORMED,
      by_headers: MISSING,
    },
    {
      name: 'token in a form beside the header',
      send: { headers: [FORM], body: 'access_token={billing}' },
      expect: MALFORMED,
      by_headers: SERVER_REFUSES,
    },
    {
      name: 'Authorization in a trailer',
      send: {
        token: null,
        framing: {
          lines: ['Transfer-Encoding: chunked', 'Trailer: Authorization'],
          body: '{hex}\r\n{message}\r\n0\r\nAuthorization: Bearer {right}\r\n\r\n',
        },
      },
      expect: { ...MISSING, or_refused: true },
    },
    {
      name: 'Authorization named as a header of the connection',
      send: { headers: ['Connection: close, Authorization'] },
      expect: OK_OR_REFUSED,
    },
    {
      name: 'Authorization over two lines',
      send: only('Authorization: Bearer\r\n {right}'),
      expect: OK_OR_REFUSED,
    },
  ],
};
