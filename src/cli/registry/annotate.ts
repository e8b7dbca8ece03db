/** Problems as GitHub's workflow commands, which put them beside the lines of a pull request. */
import type { Problem } from '../../registry/registry.ts';
import { shown } from '../terminal.ts';

/**
 * One line a problem: `::error file=…,line=…,col=…,title=…::message`. A property ends at `,` and `:`, a command at a line
 * break, so each is escaped; what a file holds can then never become a command of its own.
 */
export function annotationOf({ severity, file, line, column, path, message, remedy }: Problem): string {
  const properties = { file, line: `${line}`, col: `${column}`, title: `audgate registry ${severity}` };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${severity} ${list.join(',')}::${data(`${shown(path)} ${shown(message)} ${shown(remedy)}`)}`;
}

const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
