/** Whatever stands where a good bundle stood: it is refused by its own message, and decisions go on as before. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Broken, brokenBundles, unsignedBundles } from './broken-bundles.ts';
import { brokenSignatures } from './broken-signatures.ts';
import { BILLING, FILES, readFile, registryOf, startIssuer } from './issue.ts';
import { scratch, start } from './start.ts';

/** What a message says of the fault itself: names, digests and the path are those of one bundle. */
const bare = (message: string, bundle: string) =>
  message
    .replaceAll(bundle, 'BUNDLE')
    .replace(/"[^"]*"/g, 'NAME')
    .replace(/sha256:[0-9a-f]{64}/g, 'DIGEST');

/** Each of them where the good one stood, while decisions go on. @param signing what bundles must be signed with */
async function survives(good: Uint8Array, broken: Broken, signing?: object): Promise<void> {
  const issuer = await startIssuer();
  const bundle = join(await scratch(), 'rules.tar.gz');
  await writeFile(bundle, good);
  const audgate = await start({
    registry: registryOf(issuer, { files: FILES, billing: BILLING }),
    config: { bundle: signing === undefined ? bundle : { file: bundle, signing } },
  });
  const [right, foreign] = [await issuer.token(FILES), await issuer.token(BILLING)];

  let running = true;
  let count = 0;
  const answers = new Set<string>();
  // As many as are answered, one after the other: what is shown is that none is wrong or missing, not how many there are.
  const load = (async () => {
    for (; running; count++) {
      const { decision, reasons, revision } = await audgate.decide(readFile(FILES, count % 2 === 0 ? right : foreign));
      answers.add([revision, decision, ...reasons.map(({ code }) => code)].join(' '));
    }
  })();

  const told = new Map<string, string>();
  const wrong: object[] = [];
  /** Until a question that was asked after this moment is answered: the one under way may have been asked before. */
  const answered = async () => {
    for (const enough = count + 2; count < enough; ) await Promise.race([load, setTimeout(5)]);
  };
  for (const [name, { bytes, says, own = true }] of broken) {
    await writeFile(bundle, bytes);
    const { revision, last_reload } = await audgate.reload();
    const messages = (last_reload?.problems ?? []).map((problem) => (problem as { message: string }).message);
    const message = bare(messages.join('\n'), bundle);
    const like = own ? told.get(message) : undefined;
    if (last_reload?.ok !== false || revision !== audgate.revision) wrong.push({ name, taken: last_reload });
    if (!says.test(messages.join('\n')) || like !== undefined) wrong.push({ name, messages, like });
    if (own) told.set(message, name);
    // Questions are still answered; where they no longer were, the test would end by its timeout.
    await answered();
  }
  running = false;
  await load;
  expect(wrong).toEqual([]);
  expect([...answers].sort()).toEqual(
    [`${audgate.revision} allow`, `${audgate.revision} deny audience_mismatch`].sort(),
  );

  const metrics = await (await audgate.get('/metrics')).text();
  expect(metrics).toMatch(new RegExp(`^audgate_reloads_total\\{outcome="[a-z]+"\\} ${broken.size}$`, 'm'));
  expect(audgate.stderr().split('the reload was refused').length - 1).toBe(broken.size);

  // And the good one is taken again.
  await writeFile(bundle, good);
  const { last_reload, revision } = await audgate.reload();
  expect({ ok: last_reload?.ok, revision }).toEqual({ ok: true, revision: audgate.revision });
}

const FOR = { timeout: 240_000 };

test(
  'no broken bundle replaces a good one, each is told by a message of its own, and no decision changes',
  FOR,
  async () => {
    const { good, broken } = await brokenBundles();
    expect(broken.size).toBeGreaterThanOrEqual(40);
    await survives(good, broken);
  },
);

test('nor does one whose signature is wrong in any way', FOR, async () => {
  const { good, other } = await unsignedBundles();
  const { broken, good: signed, public_pem, algorithm, key_id } = await brokenSignatures(good, other);
  const public_key = join(await scratch(), 'key.pub');
  await writeFile(public_key, public_pem);
  await survives(signed, broken, { algorithm, public_key, key_id });
});
