/**
 * The generated package `custom`, whose `decide` asks every rule by its name. It answers which rules it ran, so that the
 * host can demand that they are exactly the manifest's. A rule that is undefined is left out of `satisfied` and so proves
 * nothing; a denial of a wrong form is passed on in a form that the host refuses, for it must not vanish.
 */

/** @param rules sorted names of rules, each a package `custom.<name>` */
export function aggregatorOf(rules: readonly string[]): string {
  const each = rules.map(
    (rule) => `
Satisfied contains "${rule}" if data.custom.${rule}.satisfied == true

Denials contains Denial("${rule}", denial) if some denial in data.custom.${rule}.denials
`,
  );
  // Capitals: no rule of a user can have these names.
  return `package custom

decide := {"rules": ${JSON.stringify(rules)}, "satisfied": Satisfied, "denials": Denials}

Denial(rule, denial) := object.union(denial, {"rule": rule}) if {
	is_object(denial)
	not "rule" in object.keys(denial)
} else := {"rule": rule, "malformed": denial}
${each.join('')}`;
}
