/** What every starter of a real gateway takes and gives, so that the same calls run through each of them. */

/** An MCP server behind the gateway. */
export interface Behind {
  /** Its key in the registry. */
  readonly key: string;
  /** Where clients find it at the gateway: `/files/mcp`. */
  readonly path: string;
  /** Where it really is: `127.0.0.1:8101`. */
  readonly upstream: string;
}

export interface GatewayParts {
  /** Empty, and this gateway's alone: its configuration and whatever it writes. Whoever made it takes it away. */
  readonly folder: string;
  /** A free port of 127.0.0.1, on which clients find the gateway. */
  readonly port: number;
  readonly audgate: {
    /** Its HTTP: `127.0.0.1:8181`. */
    readonly address: string;
    /** Its gRPC, for the gateway that asks over gRPC. */
    readonly grpc?: string;
    /** The gateway's own key as a caller. */
    readonly key: string;
  };
  /** The servers of the example, `files` and `billing`: starters replace addresses, they add no route. */
  readonly servers: readonly Behind[];
}

export interface RunningGateway {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  /** All that it has written so far, on standard output and standard error. */
  log(): string;
  /** Ends it; settled once its process is gone. */
  stop(): Promise<void>;
}

/** @throws with the gateway's log when it does not start; naming `npm run gateways:install` when it is not there */
export type StartGateway = (parts: GatewayParts) => Promise<RunningGateway>;
