// tap — one line a check, as tests/run counts them; and the C peer as a function from JSON to JSON.
import { spawnSync } from 'node:child_process';

let failed = 0;
export const check = (isTrue, name, detail = '') => {
  if (!isTrue) failed++;
  console.log(`${isTrue ? 'ok' : 'not ok'} ${name}${isTrue || !detail ? '' : ` - ${detail}`}`);
};
export const skip = (name, why) => console.log(`ok ${name} # SKIP ${why}`);
export const end = () => process.exit(failed === 0 ? 0 : 1);
export const callPeer = (program, command, input) => {
  const result = spawnSync(program, [command], { input: JSON.stringify(input ?? null), maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`${program} ${command}: ${result.signal ?? result.status} ${result.stderr}`);
  return JSON.parse(result.stdout);
};
export const readStdin = async () => {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  return JSON.parse(Buffer.concat(parts));
};
