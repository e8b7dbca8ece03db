/** nginx with its JavaScript module, which hands on the body (examples/nginx-njs). */
import { findNginxScripting } from './find.ts';
import type { StartGateway } from './gateway.ts';
import { startNginx } from './nginx.ts';

export const start: StartGateway = async (parts) =>
  startNginx('nginx-njs', parts, { '/usr/lib/nginx/modules/ngx_http_js_module.so': await findNginxScripting() });
