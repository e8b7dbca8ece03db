/** Requests as they are written; each is one that Envoy might hand on and a server of HTTP/1.1 might close upon. */
export const RAW: readonly (readonly [name: string, lines: readonly string[]])[] = [
  ['an unknown method', ['FOO /files/mcp HTTP/1.1', 'Host: g', 'Authorization: Bearer TOKEN', '', '']],
  ['CONNECT', ['CONNECT g:80 HTTP/1.1', 'Host: g:80', 'Authorization: Bearer TOKEN', '', '']],
  ['CONNECT with a path', ['CONNECT /files/mcp HTTP/1.1', 'Host: g', 'Authorization: Bearer TOKEN', '', '']],
  ['PRI', ['PRI /files/mcp HTTP/1.1', 'Host: g', 'Authorization: Bearer TOKEN', '', '']],
  [
    'an upgrade',
    [
      'GET /files/mcp HTTP/1.1',
      'Host: g',
      'Connection: upgrade',
      'Upgrade: websocket',
      'Authorization: Bearer x',
      '',
      '',
    ],
  ],
  [
    'bytes beyond ASCII in the path',
    ['POST /files/\xff\xfe HTTP/1.1', 'Host: g', 'Content-Length: 0', 'Authorization: Bearer x', '', ''],
  ],
  [
    'bytes beyond ASCII in the query',
    ['POST /files/mcp?\xff HTTP/1.1', 'Host: g', 'Content-Length: 0', 'Authorization: Bearer x', '', ''],
  ],
  [
    'bytes beyond ASCII in the host',
    ['POST /files/mcp HTTP/1.1', 'Host: g\xff', 'Content-Length: 0', 'Authorization: Bearer x', '', ''],
  ],
  [
    'bytes beyond ASCII in a header',
    [
      'POST /files/mcp HTTP/1.1',
      'Host: g',
      'Content-Length: 0',
      'Mcp-Name: \xff\xfe',
      'Authorization: Bearer \xff',
      '',
      '',
    ],
  ],
  [
    'a tab and spaces around values',
    [
      'POST /files/mcp HTTP/1.1',
      'Host: g',
      'Content-Length: 0',
      'Mcp-Name: \t a\tb ',
      'Authorization:\tBearer\tx',
      '',
      '',
    ],
  ],
  [
    'an expectation',
    [
      'POST /files/mcp HTTP/1.1',
      'Host: g',
      'Expect: something',
      'Content-Length: 2',
      'Authorization: Bearer TOKEN',
      '',
      '{}',
    ],
  ],
  ['GET with a body', ['GET /files/mcp HTTP/1.1', 'Host: g', 'Content-Length: 2', 'Authorization: Bearer x', '', '{}']],
  [
    'an absolute target',
    ['POST http://billing/files//mcp HTTP/1.1', 'Host: g', 'Content-Length: 0', 'Authorization: Bearer TOKEN', '', ''],
  ],
  [
    'a name of a header twice',
    ['POST /files/mcp HTTP/1.1', 'Host: g', 'Host: h', 'Content-Length: 0', 'Authorization: Bearer TOKEN', '', ''],
  ],
  [
    'a trailer',
    [
      'POST /files/mcp HTTP/1.1',
      'Host: g',
      'Transfer-Encoding: chunked',
      'Trailer: Authorization',
      '',
      '2',
      '{}',
      '0',
      'Authorization: Bearer TOKEN',
      '',
      '',
    ],
  ],
];
