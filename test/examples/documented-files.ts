/** What is read of the documented examples; each file holds more. */

export type Texts = Readonly<Record<string, string>>;

export interface TraefikFile {
  readonly http: { readonly middlewares: Readonly<Record<string, TraefikMiddleware>> };
}
export interface TraefikMiddleware {
  readonly headers?: { readonly customRequestHeaders: Texts };
  readonly forwardAuth?: {
    readonly address: string;
    readonly forwardBody: boolean;
    readonly preserveRequestMethod: boolean;
    readonly authResponseHeadersRegex: string;
  };
}
export interface ApisixFile {
  readonly routes: readonly { readonly id: string; readonly plugins: { readonly 'forward-auth'?: ApisixPlugin } }[];
}
export interface ApisixPlugin {
  readonly uri: string;
  readonly request_method: string;
  readonly request_headers: readonly string[];
  readonly extra_headers: Texts;
  readonly upstream_headers: readonly string[];
  readonly client_headers: readonly string[];
}
export interface KongFile {
  readonly services: readonly {
    readonly name: string;
    readonly plugins?: readonly { readonly config: { readonly access: readonly string[] } }[];
  }[];
}
export interface AgentgatewayFile {
  readonly binds: readonly {
    readonly listeners: readonly {
      readonly routes: readonly { readonly name: string; readonly policies: { readonly extAuthz?: AgentgatewayAsk } }[];
    }[];
  }[];
}
export interface AgentgatewayAsk {
  readonly host: string;
  readonly includeRequestHeaders: readonly string[];
  readonly protocol: {
    readonly http: {
      readonly path: string;
      readonly addRequestHeaders: Texts;
      readonly includeResponseHeaders: readonly string[];
    };
  };
}
export interface IstioFile {
  readonly spec: { readonly meshConfig: { readonly extensionProviders: readonly IstioProvider[] } };
}
export interface IstioProvider {
  readonly name: string;
  readonly envoyExtAuthzHttp: {
    readonly service: string;
    readonly port: number;
    readonly pathPrefix: string;
    readonly includeRequestHeadersInCheck: readonly string[];
    readonly includeAdditionalHeadersInCheck: Texts;
    readonly headersToUpstreamOnAllow: readonly string[];
    readonly headersToDownstreamOnDeny: readonly string[];
  };
}
export interface GatewayApiFile {
  readonly spec: {
    readonly rules: readonly {
      readonly matches: readonly { readonly path: { readonly value: string } }[];
      readonly filters: readonly { readonly externalAuth?: ExternalAuth }[];
    }[];
  };
}
export interface ExternalAuth {
  readonly backendRef: { readonly name: string; readonly port: number };
  readonly http: {
    readonly path: string;
    readonly allowedHeaders: readonly string[];
    readonly allowedResponseHeaders: readonly string[];
  };
  readonly forwardBody: { readonly maxSize: number };
}
