// limits — for every field of every message of a bundle the values at and beyond what rules.mjs allows, as bends of world.mjs.
import { enums, kindOf, messages } from './schema.mjs';
import { ruleOf } from './rules.mjs';

const BENT = ['RootMetadata', 'RoleKeys', 'Directory', 'Entity', 'RelayDescriptor', 'PrecedenceRule', 'Profile', 'Timestamp', 'RosterRef',
  'NationalRoot', 'Cert', 'DeskInfo', 'ReleaseRule', 'NationalRoster', 'CertProof', 'Notice', 'Address', 'Text', 'Incident', 'Stamp', 'SignedNotice',
  'Release', 'EnvelopeHeader', 'Link', 'Custody', 'LaneMark', 'Receipt', 'PairView', 'Sig', 'BundleManifest'];
// Messages that stand in no straight world, and the notice that carries them.
const BODIES = { Request: ['request', 20], Response: ['response', 30], Statement: ['statement', 40], PriorNotice: ['prior', 43],
  Deescalation: ['deesc', 50], Measure: ['deesc', 50], Consultation: ['consult', 52], Correction: ['correction', 70], Fix: ['correction', 70],
  Cancellation: ['cancel', 71], Service: ['service', 80], ExerciseControl: ['exc', 90], Vulnerability: ['vul', 60], OtherMeans: ['other_means', 10] };
const TWICE = { Receipt: 2, Cert: 2, PrecedenceRule: 3, Stamp: 2, LaneMark: 1 }; // another of that name, of another kind
const MOST = 2000n; // no list longer than this is made
const CONTROL = { 'a tab': '\t', 'a newline': '\n', 'a DEL': '\u007f', 'a C1 control': '\u0085', 'a letter outside ASCII': 'ж', 'a bidi override': '\u202e' };

// Something that the rule allows, as short as may be.
const sample = (message, field, rule = ruleOf(message, field)) => {
  const kind = kindOf(field.type), [low] = rule.range ?? [1n];
  if (kind === 'message') return sampleMessage(field.type);
  if (kind === 'bytes') return new Uint8Array(Number(low || 1n)).fill(7);
  if (kind === 'string') return 'a'.repeat(Number(low || 1n));
  if (kind === 'bool') return true;
  return kind === 'enum' ? 1n : low || 1n;
};
export const sampleMessage = (name) => Object.fromEntries(messages[name]
  .filter((field) => !field.oneof && !ruleOf(name, field).isOpt && field.type !== 'Stamp' && field.type !== 'bool')
  .map((field) => [field.name, field.repeated ? [sample(name, field)] : sample(name, field)])
  .concat(messages[name].filter(({ repeated }) => repeated).map((field) => [field.name, []]))
  .reduce((all, [key, value]) => all.set(key, all.get(key)?.length ? all.get(key) : value), new Map()));
const ofLength = (kind, len) => kind === 'bytes' ? new Uint8Array(Number(len)).fill(7) : 'a'.repeat(Number(len));
const around = ([low, high]) => [...new Set([low - 1n, low, high, high + 1n])].filter((value) => value >= 0n);

const valuesOf = (message, field, rule) => {
  const kind = kindOf(field.type), made = [];
  if (kind === 'enum') {
    const names = Object.keys(enums[field.type].names).map(Number);
    made.push(['the last name', BigInt(Math.max(...names))], ['one after the last name', BigInt(Math.max(...names)) + 1n], ['2^31', 2n ** 31n]);
    made.push(...enums[field.type].reserved.map((value) => ['a reserved number', BigInt(value)]));
  } else if (kind === 'message' || kind === 'bool') made.push(['there', sample(message, field, rule)]);
  else if (rule.range) made.push(...around(rule.range).filter((size) => kind === 'number' || size <= 70000n)
    .map((size) => [`${size}`, kind === 'number' ? size : ofLength(kind, size)]));
  else made.push(['there', sample(message, field, rule)]);
  if (kind === 'string') made.push(...Object.entries(CONTROL).map(([name, char]) =>
    [name, char + 'a'.repeat(Math.max(0, Number(rule.range?.[0] ?? 1n) - new TextEncoder().encode(char).length))]));
  return made;
};
const listsOf = (message, field, rule) => {
  const counts = around(rule.count ?? [0n, 3n]).filter((count) => count <= MOST);
  return counts.map((count) => [`${count} of them`, (old = []) => Array.from({ length: Number(count) }, (_, i) => old[i] ?? old[0] ?? sample(message, field, rule))]);
};

const carried = (message, world) => {
  const [field, type] = BODIES[message];
  if (message === 'OtherMeans') return { other_means: [world.make(message, sampleMessage(message))] };
  if (message === 'Measure') return { type, deesc: { measure: [world.make(message, sampleMessage(message))] } };
  if (message === 'Fix') return { type, correction: { ...sampleMessage('Correction'), fix: [world.make(message, sampleMessage(message))] } };
  return { type, [field]: world.make(message, sampleMessage(message)) };
};

// [what, change(object)] for each value of each field of a message.
export function* limitsOf(message) {
  for (const field of messages[message]) {
    const rule = ruleOf(message, field), { name } = field;
    const set = (value) => (object) => { object[name] = typeof value === 'function' ? value(object[name]) : value; };
    if (!field.repeated) yield [`${name}: absent`, set(undefined)];
    if (field.repeated) for (const [what, value] of listsOf(message, field, rule)) yield [`${name}: ${what}`, set(value)];
    for (const [what, value] of valuesOf(message, field, rule))
      yield [`${name}: ${what}`, set(field.repeated ? (old) => [value, ...(old ?? []).slice(1)] : value)];
  }
}
export function* limits() {
  const wanted = [...BENT.map((message) => [message, 0]), ...Object.entries(TWICE), ...Object.keys(BODIES).map((message) => [message, 0])];
  for (const [message, at] of wanted) for (const [what, change] of limitsOf(message))
    yield { name: `${message}${at ? ` ${at}` : ''}.${what}`, message, at, change,
      ...(message in BODIES ? { notice: (world) => carried(message, world) } : {}) };
}
