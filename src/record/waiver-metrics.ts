/** Waivers in numbers: how often each is used, and how long each still holds. */
import { Counter, Gauge, type Registry as Register } from 'prom-client';
import type { Decision } from '../decision/decision.ts';
import type { Registry } from '../registry/registry.ts';

export interface WaiverMetrics {
  /** Counts the waivers without which this decision would be another. */
  used(decision: Decision): void;
  /** @param now seconds since the epoch */
  left(registry: Registry, now: number): void;
}

/** Every label is of the registry: a waiver is known by its server, kind, owner and end. */
export function createWaiverMetrics(register: Register): WaiverMetrics {
  const registers = [register];
  const uses = new Counter({
    name: 'audgate_waiver_uses_total',
    help: 'Decisions that were allowed only because of a waiver.',
    labelNames: ['server', 'what', 'owner', 'until'],
    registers,
  });
  const left = new Gauge({
    name: 'audgate_waiver_seconds_left',
    help: 'Seconds until a waiver ends; below 0 it has ended and covers nothing.',
    labelNames: ['server', 'what', 'owner', 'until', 'issuer', 'client_id'],
    registers,
  });
  return {
    used(decision) {
      if (decision.decision !== 'allow') return;
      const server = decision.server ?? '';
      for (const { what, owner, until } of decision.advice.waivers ?? []) uses.inc({ server, what, owner, until });
    },
    left({ servers }, now) {
      left.reset();
      for (const { key, waivers } of servers.values()) {
        for (const { what, owner, until, issuer, client_id, until_seconds } of waivers) {
          left.set({ server: key, what, owner, until, issuer, client_id }, until_seconds - now);
        }
      }
    },
  };
}
