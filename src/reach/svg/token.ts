import type { Reach } from '../../decision/reach.ts';
export function drawToken(_: Reach): string {
  return '<svg xmlns="http://www.w3.org/2000/svg"/>';
}
