// wire — octets of the protocol in Node, written from docs/PROTOCOL.md and proto/*.proto alone: protobuf in canonical
// form, PAE, H, B, labels, strict Ed25519, RFC 6962 trees. Nothing here may be taken from the C sources.
import { ed25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 } from '@noble/hashes/sha2.js';

// --- octets --------------------------------------------------------------------------------------------------------
export const hex = (octets) => Buffer.from(octets).toString('hex');
export const unhex = (text) => {
  if (typeof text !== 'string' || text.length % 2 || !/^[0-9a-f]*$/.test(text)) throw new Error('not hex');
  return Uint8Array.from(Buffer.from(text, 'hex'));
};
export const text = (string) => new TextEncoder().encode(string);
export const join = (...parts) => Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(part))));
export const equal = (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)) === 0;
export const zeros = (len) => new Uint8Array(len);
export const isZero = (octets) => octets.every((octet) => octet === 0);
const be = (value, len) => unhex(BigInt(value).toString(16).padStart(2 * len, '0'));
export const u8 = (value) => be(value, 1);
export const u16be = (value) => be(value, 2);
export const u24be = (value) => be(value, 3);
export const u32be = (value) => be(value, 4);
export const u64be = (value) => be(value, 8);
export const number = (octets) => BigInt('0x' + hex(octets));

// --- hashes and signatures (section 2) -----------------------------------------------------------------------------
export const PAE = (type, body) =>
  join(text(`DSSEv1 ${text(type).length} `), text(type), text(` ${body.length} `), body);
export const B = (octets) => blake2b(octets, { dkLen: 32 });
export const H = (type, ...parts) => B(PAE(type, join(...parts)));
export const keyId = (pk) => H('hotline/v1/key-id', pk).slice(0, 16);
export const prekeyId = (pk) => H('hotline/v1/prekey-id', pk).slice(0, 16);
export const PLANES = [null, 'live', 'exercise', 'test'];
export const label = (object, plane) => {
  if (!PLANES[Number(plane)]) throw new Error('no such plane');
  return `hotline/v1/${PLANES[Number(plane)]}/${object}`;
};
export const sign = (seed, type, body) => ed25519.sign(PAE(type, body), seed);

// A canonical point of the prime-order subgroup, and not the neutral element.
const isPoint = (octets) => {
  try {
    const point = ed25519.Point.fromBytes(octets, false);
    return point.isTorsionFree() && !point.is0();
  } catch {
    return false;
  }
};
const points = new Map(), verified = new Map(); // the checks judge the same keys and signatures thousands of times
export const isGoodPoint = (octets) => {
  const at = hex(octets);
  if (!points.has(at)) points.set(at, isPoint(octets));
  return points.get(at);
};
const verifyAnew = (pk, type, body, sig) =>
  sig.length === 64 && isGoodPoint(pk) && isGoodPoint(sig.slice(0, 32)) &&
  ed25519.verify(sig, PAE(type, body), pk, { zip215: false });
export const verify = (pk, type, body, sig) => {
  const at = hex(B(join(pk, u32be(sig.length), sig, PAE(type, body))));
  if (!verified.has(at)) verified.set(at, verifyAnew(pk, type, body, sig));
  return verified.get(at);
};

// --- Merkle trees, RFC 6962 with SHA-256 ---------------------------------------------------------------------------
const leafHash = (leaf) => sha256(join([0], leaf));
const nodeHash = (left, right) => sha256(join([1], left, right));
const split = (count) => 2 ** Math.floor(Math.log2(count - 1));
export const treeRoot = (leaves) => {
  if (leaves.length === 1) return leafHash(leaves[0]);
  const k = split(leaves.length);
  return nodeHash(treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
};
export const treePath = (leaves, index) => {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k ? [...treePath(leaves.slice(0, k), index), treeRoot(leaves.slice(k))]
                   : [...treePath(leaves.slice(k), index - k), treeRoot(leaves.slice(0, k))];
};
// The root that a path leads to; null where the path has not the length that (index, count) asks for.
export const pathRoot = (leaf, index, count, path) => {
  if (index >= count) return null;
  const sides = []; // from the root down: does our half stand on the right?
  for (let at = index, n = count; n > 1;) {
    const k = split(n);
    sides.push(at >= k);
    [at, n] = at >= k ? [at - k, n - k] : [at, k];
  }
  if (path.length !== sides.length) return null;
  return path.reduce((hash, other, i) =>
    sides[sides.length - 1 - i] ? nodeHash(other, hash) : nodeHash(hash, other), leafHash(leaf));
};

// --- protobuf, canonical form (section 3) --------------------------------------------------------------------------
// A message is a list of [number, name, type, repeated]; type: 'u' number (BigInt), 'b' octets, 's' text, or a message.
const Desk = [[1, 'entity', 'b'], [2, 'kind', 'u']];
const Sig = [[1, 'key_id', 'b'], [2, 'sig', 'b']];
export const Signed = [[1, 'body', 'b'], [2, 'sigs', Sig, true]];
const AttachmentRef = [[1, 'ct_hash', 'b'], [2, 'ct_len', 'u']];
export const Header = [[1, 'version', 'u'], [2, 'suite', 'u'], [3, 'ns', 'b'], [4, 'envelope_id', 'b'],
  [5, 'sender_entity', 'b'], [6, 'sender_device', 'b'], [7, 'plane', 'u'], [8, 'class', 'u'], [9, 'precedence', 'u'],
  [10, 'dir_version', 'u'], [11, 'created_ms', 'u'], [12, 'expires_ms', 'u'], [13, 'salt', 'b'], [14, 'key_commit', 'b'],
  [15, 'ct_len', 'u'], [16, 'slot_count', 'u'], [17, 'attachments', AttachmentRef, true]];
export const Slot = [[1, 'entity', 'b'], [2, 'kind', 'u'], [3, 'device', 'b'], [4, 'prekey_id', 'b'],
  [5, 'kem_ct', 'b'], [6, 'sealed', 'b']];
export const Envelope = [[1, 'header', 'b'], [2, 'ct', 'b'], [3, 'slots', 'b', true], [4, 'sig', 'b']];
export const Delivered = [[1, 'header', 'b'], [2, 'ct', 'b'], [3, 'slot', 'b'], [4, 'slot_index', 'u'],
  [5, 'proof', 'b', true], [6, 'slots_root', 'b'], [7, 'sig', 'b']];
export const Link = [[1, 'ns', 'b'], [2, 'plane', 'u'], [3, 'content_hash', 'b'], [4, 'sender_device', 'b'],
  [5, 'recipient_entity', 'b'], [6, 'recipient_kind', 'u'], [7, 'seq', 'u'], [8, 'prev', 'b']];
export const Marks = [[1, 'ns', 'b'], [2, 'service_hash', 'b'], [3, 'sender_device', 'b'], [4, 'recipient_entity', 'b'],
  [5, 'recipient_kind', 'u'], [6, 'live_seq', 'u'], [7, 'live_hash', 'b'], [8, 'exercise_seq', 'u'],
  [9, 'exercise_hash', 'b'], [10, 'test_seq', 'u'], [11, 'test_hash', 'b']];
const Reseal = [[1, 'header', 'b'], [2, 'slots_root', 'b'], [3, 'sig', 'b'], [4, 'file_key', 'b'], [5, 'custody', 'b', true]];
export const SignedNotice = [[1, 'notice', Signed], [2, 'releases', Signed, true], [3, 'reseal', Reseal]];
export const Release = [[1, 'ns', 'b'], [2, 'plane', 'u'], [3, 'notice_hash', 'b'], [4, 'releaser', 'b'],
  [5, 'releaser_device', 'b'], [6, 'sender_device', 'b'], [7, 'released_ms', 'u'], [8, 'not_after_ms', 'u'],
  [9, 'single_person', 'u'], [10, 'reason', 's']];
const Text = [[1, 'lang', 's'], [2, 'body', 's'], [3, 'authoritative', 'u'], [4, 'translator_role', 's'],
  [5, 'reviewer_role', 's'], [6, 'status', 'u']];
const Address = [[1, 'desk', Desk], [2, 'action', 'u'], [3, 'precedence', 'u']];
// The fields that the letters of this check use; a notice with another one is refused here.
export const Notice = [[1, 'version', 'u'], [2, 'type', 'u'], [3, 'plane', 'u'], [4, 'exercise_name', 's'],
  [5, 'exercise_id', 'b'], [6, 'sender', Desk], [7, 'to', Address, true], [10, 'precedence', 'u'], [13, 'tlp', 'u'],
  [17, 'thread_id', 'b'], [21, 'originator_ref', 's'], [30, 'text', Text, true], [31, 'subject', 's'],
  [33, 'check_word', 's'], [60, 'ns', 'b'], [61, 'notice_id', 'b'], [62, 'draft_device', 'b'], [63, 'author', 'b'],
  [64, 'dir_version', 'u'], [65, 'dir_hash', 'b'], [66, 'drafted_ms', 'u'], [67, 'persons', 'u']];
const Service = [[1, 'kind', 'u'], [8, 'remark', 's']];
const PrekeyFloor = [[1, 'prekey_id', 'b'], [2, 'kind', 'u'], [3, 'created_ms', 'u']];
export const ServiceStatement = [[1, 'ns', 'b'], [2, 'plane', 'u'], [3, 'sender_entity', 'b'], [4, 'sender_kind', 'u'],
  [5, 'sender_device', 'b'], [6, 'recipient', Desk], [7, 'at_ms', 'u'], [8, 'service', Service], [9, 'journal_head', 'b'],
  [10, 'dir_version', 'u'], [11, 'roster_version', 'u'], [12, 'revocations', 'u'], [13, 'prekeys', PrekeyFloor, true]];
export const ClientHello = [[1, 'entity', 'b'], [2, 'device', 'b'], [3, 'cert_hash', 'b'], [4, 'root_version', 'u'],
  [5, 'directory_version', 'u'], [6, 'timestamp_version', 'u'], [7, 'roster_version', 'u']];

const varint = (value) => {
  const octets = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) octets.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...octets, Number(rest)]);
};
const encodeField = ([fieldNumber, , type, repeated], value) => {
  if (type === 'u') return BigInt(value) === 0n ? zeros(0) : join(varint(fieldNumber * 8), varint(value));
  const octets = type === 'b' ? value : type === 's' ? text(value) : encode(type, value);
  const hasPresence = repeated || Array.isArray(type);
  return octets.length === 0 && !hasPresence ? zeros(0) : join(varint(fieldNumber * 8 + 2), varint(octets.length), octets);
};
export const encode = (fields, message) => join(...fields.flatMap((field) => {
  const value = message[field[1]];
  if (value === undefined) return [];
  return field[3] ? value.map((item) => encodeField(field, item)) : [encodeField(field, value)];
}));

class Reader {
  constructor(octets) { this.octets = octets; this.at = 0; }
  take(len) {
    if (this.octets.length - this.at < len) throw new Error('cut');
    this.at += len;
    return this.octets.slice(this.at - len, this.at);
  }
  varint() {
    let value = 0n;
    for (let i = 0n; i < 10n; i++) {
      const octet = BigInt(this.take(1)[0]);
      value |= (octet & 127n) << (7n * i);
      if (octet < 128n) return value;
    }
    throw new Error('varint');
  }
}
const decodeValue = (type, wireType, reader) => {
  if (wireType !== (type === 'u' ? 0n : 2n)) throw new Error('wire type');
  if (type === 'u') return reader.varint();
  const octets = reader.take(Number(reader.varint()));
  if (type === 'b') return octets;
  return type === 's' ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets) : decode(type, octets);
};
// Canonical or nothing: what was read must encode to the very same octets.
export const decode = (fields, octets) => {
  const message = Object.fromEntries(fields.map(([, name, type, repeated]) =>
    [name, repeated ? [] : type === 'u' ? 0n : type === 'b' ? zeros(0) : type === 's' ? '' : undefined]));
  const reader = new Reader(octets);
  while (reader.at < octets.length) {
    const tag = reader.varint();
    const field = fields.find(([fieldNumber]) => BigInt(fieldNumber) === tag >> 3n);
    if (!field) throw new Error(`field ${tag >> 3n} unknown`);
    const value = decodeValue(field[2], tag & 7n, reader);
    if (field[3]) message[field[1]].push(value);
    else message[field[1]] = value;
  }
  if (!equal(encode(fields, message), octets)) throw new Error('not canonical');
  return message;
};
