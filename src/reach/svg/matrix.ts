import type { Matrix } from '../../decision/matrix.ts';
export function drawMatrix(_: Matrix): string {
  return '<svg xmlns="http://www.w3.org/2000/svg"/>';
}
