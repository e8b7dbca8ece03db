/**
 * The generated package `custom`, whose `decide` asks every rule by its name. It answers which rules it ran, so that the
 * host can demand that they are exactly the manifest's. A rule that is undefined is left out of `satisfied` and so proves
 * nothing; a denial of a wrong form is passed on in a form that the host refuses, for it must not vanish. Rules that only
 * report are asked apart, by `Report`, so that one which breaks takes no decision with it.
 */

/** @param rules sorted names of rules that deny, each a package `custom.<name>` @param reporting those that only report */
export function aggregatorOf(rules: readonly string[], reporting: readonly string[] = []): string {
  // Capitals: no rule of a user can have these names.
  return `package custom

${asked('decide', rules, '')}${reporting.length === 0 ? '' : `\n${asked('Report', reporting, 'Reported')}`}
Denial(rule, denial) := object.union(denial, {"rule": rule}) if {
	is_object(denial)
	not "rule" in object.keys(denial)
} else := {"rule": rule, "malformed": denial}
`;
}

/** @param prefix of the sets' names */
function asked(entrypoint: string, rules: readonly string[], prefix: string): string {
  if (rules.length === 0) return `${entrypoint} := {"rules": [], "satisfied": set(), "denials": set()}\n`;
  const each = rules.map(
    (rule) => `
${prefix}Satisfied contains "${rule}" if data.custom.${rule}.satisfied == true

${prefix}Denials contains Denial("${rule}", denial) if some denial in data.custom.${rule}.denials
`,
  );
  const answer = `{"rules": ${JSON.stringify(rules)}, "satisfied": ${prefix}Satisfied, "denials": ${prefix}Denials}`;
  return `${entrypoint} := ${answer}\n${each.join('')}`;
}
