// arbiter — evidence bundles before two judges, bundle.mjs and `hotline evidence verify`, which must say the same.
//   arbiter.mjs check HOTLINE [PART]   bundles that Node makes: every bend, and each PARTth of the limits (1: all)
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { bends } from './bends.mjs';
import { NOTE, judge } from './bundle.mjs';
import { limits } from './limits.mjs';
import { World } from './world.mjs';
import { check, end } from './tap.mjs';
import { hex } from './wire.mjs';

export const verdictOfC = (hotline, file) => {
  const run = spawnSync(hotline, ['--json', 'evidence', 'verify', file], { encoding: 'utf8', env: {} });
  const lines = run.stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line)), summary = lines.find(({ type }) => type === 'summary');
  const claims = lines.filter(({ type }) => type === 'verdict').map(({ claim, notice, by, at, basis, persons, devices }) =>
    ({ claim, notice, by, at: at ? Date.parse(at) : 0, basis, persons, devices }));
  return { result: summary?.result ?? `exit ${run.status}`, claims: run.status === 0 ? claims : [], root: summary?.root, note: summary?.note,
    said: lines.map(({ detail, message }) => detail ?? message).filter(Boolean).join('; ') };
};
export const verdictOfNode = (octets) => {
  const { result, claims, root, what, remarks } = judge(octets);
  return { result, root: root && hex(root), said: what ?? remarks.join('; '), claims: claims.map(({ claim, notice, by, at, basis, persons, devices }) =>
    ({ claim, notice: hex(notice ?? new Uint8Array(32)), by, at: Number(at ?? 0n), basis, persons: persons ?? 0, devices: devices ?? 0 })) };
};
const sameClaims = (left, right) => JSON.stringify(left) === JSON.stringify(right);
export const agree = (left, right) => left.result === right.result && sameClaims(left.claims, right.claims);
export const dispute = (node, c) => `Node ${node.result} (${node.said}), C ${c.result} (${c.said})${
  node.result === c.result ? ` ${JSON.stringify(node.claims)} ${JSON.stringify(c.claims)}` : ''}`;

// What cannot even be written is no case.
const bundleOf = (bend) => {
  try { return new World(bend).makeBundle(); } catch (error) {
    if (error instanceof TypeError || error.message === 'no such plane') return undefined;
    throw error;
  }
};
const checkAll = (hotline, part) => {
  const directory = mkdtempSync(path(tmpdir(), 'interop-')), file = path(directory, 'bundle.hlb');
  const judgeBoth = (octets) => {
    writeFileSync(file, octets);
    return [verdictOfNode(octets), verdictOfC(hotline, file)];
  };
  try {
    for (const bend of bends) {
      const [node, c] = judgeBoth(new World(bend).makeBundle());
      check(node.result === bend.result && agree(node, c), `a bundle of Node is ${bend.result} to both: ${bend.name}`, dispute(node, c));
    }
    check(judgeBoth(new World().makeBundle())[1].note === NOTE, 'the verdict of C says what it does not show');
    const counts = { same: 0, valid: 0 }, disputes = [];
    [...limits()].filter((_, i) => i % part === 0).forEach((bend) => {
      const octets = bundleOf(bend);
      if (!octets) return;
      const [node, c] = judgeBoth(octets);
      if (!agree(node, c)) disputes.push(`${bend.name}: ${dispute(node, c)}`);
      counts.same++;
      if (node.result !== 'INVALID') counts.valid++;
    });
    check(disputes.length === 0, `both judge alike ${counts.same} bundles with one field at or beyond its limit, of which ${counts.valid} valid`, disputes.join('\n# '));
  } finally { rmSync(directory, { recursive: true }); }
};

if (process.argv[1].endsWith('arbiter.mjs') && process.argv[2] === 'check') {
  checkAll(process.argv[3], Number(process.argv[4] ?? 1));
  end();
}
