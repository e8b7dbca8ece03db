/** nginx with its JavaScript module, which hands on the body (examples/nginx-njs). */
import type { StartGateway } from './gateway.ts';
import { startNginx } from './nginx.ts';

export const start: StartGateway = (parts) =>
  startNginx('nginx-njs', ['ngx_http_js_module.so', 'ngx_http_headers_more_filter_module.so'], parts);
