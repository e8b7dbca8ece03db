/** Whether the service is ending: readiness and the server's answers depend on it. Set once, by the server's `stop`. */
export interface Lifecycle {
  stopping: boolean;
}
